"""Where two builds of a read model differ, and what is missing between their events: pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from services.query.progress.chains import AGGREGATES

Document = Mapping[str, Any]

ONLY_SERVED: Final = "only in the read model"
ONLY_TOLD: Final = "missing in the read model"
OTHER: Final = "different"


def paired(
    served: Iterable[Document], told: Iterable[Document]
) -> Iterator[tuple[str, Document | None, Document | None]]:
    """Documents of both in the order of `_id`, which both are in, those of one `_id` together."""
    ours, theirs = iter(served), iter(told)
    one, other = next(ours, None), next(theirs, None)
    while one is not None or other is not None:
        if other is None or (one is not None and one["_id"] < other["_id"]):
            yield one["_id"], one, None  # type: ignore[index]
            one = next(ours, None)
        elif one is None or other["_id"] < one["_id"]:
            yield other["_id"], None, other
            other = next(theirs, None)
        else:
            yield one["_id"], one, other
            one, other = next(ours, None), next(theirs, None)


def differences(served: Any, told: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """(path, what is the matter there) of everything in which the documents differ."""
    if isinstance(served, Mapping) and isinstance(told, Mapping):
        for name in sorted({*served, *told}):
            inner = f"{path}.{name}" if path else name
            if name not in told:
                yield inner, ONLY_SERVED
            elif name not in served:
                yield inner, ONLY_TOLD
            else:
                yield from differences(served[name], told[name], inner)
    elif served != told:
        yield path, OTHER


def gaps(keys: Iterable[str]) -> Iterator[str]:
    """What the keys of a history (case-000002) say is missing before the last event of a chain."""
    known: dict[str, set[int]] = defaultdict(set)
    for key in keys:
        aggregate, _, sequence = key.partition("-")
        known[aggregate].add(int(sequence))
    for aggregate in AGGREGATES:
        numbers = known[aggregate]
        for number in sorted(set(range(1, max(numbers, default=0) + 1)) - numbers):
            yield f"{aggregate} event {number}"
