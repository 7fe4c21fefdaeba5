"""What administrators state about organisations, mediators and their rota."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, cast

from marshmallow import ValidationError

from services.routing.asked import ID
from services.routing.languages import LANGUAGES
from shared.contracts.faults import Fault, fault
from shared.contracts.fields import Choice, Code, Count, Date, Flag, Part, Parts, Str
from shared.contracts.schema import Body
from shared.contracts.vocabulary import CATEGORIES, ORGANISATION_KINDS
from shared.divisions import find
from shared.errors import FieldError, Text

SPECIALISMS = (*CATEGORIES, "women_workers", "psychological_support")
ROTA_KINDS = ("stationed", "on_call")

_UNKNOWN_DIVISION = Fault(
    "unknown_division",
    Text("没有找到该行政区划，请重新选择", "There is no such division; please choose again"),
)
_NO_WEEKDAYS = Fault(
    "not_applicable", Text("随叫随到不用填写轮驻日", "Who is on call has no weekdays")
)
_PHONE = r"\+?[0-9][0-9 ()\-]{2,30}[0-9](?:转[0-9]{1,6})?"
_NUMBER = r"[0-9A-Z()/.]{5,32}"


class DivisionCode(Code):
    """The code of a division on the list; comes out with six or nine digits."""

    def __init__(self, title: str) -> None:
        super().__init__(title, "[0-9]{2,12}", fault_code=_UNKNOWN_DIVISION)

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> str:
        found = find(super()._deserialize(value))
        if found is None:
            raise ValidationError(cast("Any", [_UNKNOWN_DIVISION]))
        return found.code


class Numbers(Parts):
    """Identity numbers or credit codes, of which the keyed hashes alone are kept."""

    def __init__(self, title: str) -> None:
        number = Code("证件号码或统一社会信用代码", _NUMBER, upper=True, compact=True)
        super().__init__(title, number, most=50, load_only=True)


def nothing_cleared(body: Mapping[str, Any], _: date) -> Iterator[FieldError]:
    """A change states new values: none of them is null, and a body serves at least one place."""
    for name, value in body.items():
        if value is None or (name == "divisions" and not value and "kind" in _ORGANISATION):
            yield fault("required").at(f"/{name}")


def weekdays_fit(rota: Mapping[str, Any], _: date) -> Iterator[FieldError]:
    """Who is stationed says on which days, who is on call has none."""
    yield from _weekdays(rota, "")


def rota_fits(mediator: Mapping[str, Any], _: date) -> Iterator[FieldError]:
    yield from _weekdays(mediator.get("rota") or {}, "/rota")


def _weekdays(rota: Mapping[str, Any], pointer: str) -> Iterator[FieldError]:
    weekdays = rota.get("weekdays")
    if rota.get("kind") == "stationed" and not weekdays:
        yield fault("required").at(f"{pointer}/weekdays")
    if rota.get("kind") == "on_call" and weekdays:
        yield _NO_WEEKDAYS.at(f"{pointer}/weekdays")
