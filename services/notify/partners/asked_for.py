"""Which events a partner asks for: words of the catalogue, places that its token may see.

The same for a subscription, a queue and the feed: types exactly, or a beginning with `*` behind it;
division codes whose subtree counts. Whoever names no place means all that the token may see.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from services.notify.partners.catalogue import names_of
from shared import divisions as places
from shared.contracts.faults import Fault, fault
from shared.errors import FieldError, Refused, Text

_NOTHING_MATCHES: Final = Fault(
    "unknown_event_type",
    Text("没有符合的事件类型，见 /asyncapi.json", "No event type matches: see /asyncapi.json"),
)
_OUT_OF_REACH: Final = Fault(
    "division_not_allowed",
    Text("该区划不在您的权限范围内", "Your token does not reach this division"),
)
_TOO_NARROW: Final = Fault(
    "division_too_narrow",
    Text("队列最细可按区县划分", "A queue can be bound to a county, not to a part of one"),
)
_COUNTY_DIGITS: Final = 6


def unknown_types(patterns: Sequence[object], at: str) -> Iterator[FieldError]:
    """Faults of patterns that match nothing that is offered; `at` is their pointer, `{}` in it the
    index. What is no text is at fault already."""
    for index, pattern in enumerate(patterns):
        if isinstance(pattern, str) and not names_of([pattern]):
            yield _NOTHING_MATCHES.at(at.format(index))


def places_of(stated: Sequence[str], reach: Sequence[str], at: str) -> tuple[str, ...]:
    """The digits that codes of the places asked for begin with, none within another.

    Refused("validation_failed") for a code that is none and for one that the token does not reach.
    """
    errors = list(_faults(stated, reach, at))
    if errors:
        raise Refused("validation_failed", errors=errors)
    return _widest(map(places.prefix, stated or reach))


def must_be_counties(divisions: Sequence[str], at: str) -> None:
    """Refused("validation_failed") for a place that a routing key cannot tell from its county."""
    errors = [
        _TOO_NARROW.at(at.format(index))
        for index, code in enumerate(divisions)
        if len(code) > _COUNTY_DIGITS
    ]
    if errors:
        raise Refused("validation_failed", errors=errors)


def _faults(stated: Sequence[str], reach: Sequence[str], at: str) -> Iterator[FieldError]:
    for index, code in enumerate(stated):
        if places.find(code) is None:
            yield fault("unknown_value").at(at.format(index))
        elif reach and not any(places.is_within(code, own) for own in reach):
            yield _OUT_OF_REACH.at(at.format(index))


def _widest(prefixes: Iterator[str]) -> tuple[str, ...]:
    kept: list[str] = []
    for each in sorted(set(prefixes)):
        if not kept or not each.startswith(kept[-1]):
            kept.append(each)
    return tuple(kept)
