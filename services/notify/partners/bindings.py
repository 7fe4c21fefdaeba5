"""What a partner asks for, as routing keys that its queue is bound with.

`<aggregate>.<event>.<province>.<city>.<county>`: each type asked for with each place, whole
aggregates in one key, so that a type offered later comes by itself where a pattern says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from services.notify.partners.catalogue import names_of
from shared.contracts.envelope import TYPE_PREFIX
from shared.contracts.faults import Fault
from shared.contracts.partner_events import OFFERED
from shared.errors import Refused, Text

BINDINGS_MOST: Final = 500
"""Of one queue. Each costs the broker memory, and the making of a queue a call."""

_TOO_MANY: Final = Fault(
    "too_many_bindings",
    Text(
        f"事件类型与区划的组合最多{BINDINGS_MOST}个，请改用通配符或更大的区划",
        f"At most {BINDINGS_MOST} combinations of types and divisions: use patterns, wider places",
    ),
)


def routing_keys(event_types: Sequence[str], divisions: Sequence[str]) -> list[str]:
    """The keys of types or patterns in places (digits of a province, city or county; none for
    everywhere), in order, none twice."""
    heads = _heads(event_types)
    tails = [_tail(division) for division in divisions] or ["#"]
    return sorted(f"{head}.{tail}" for head in heads for tail in tails)


def must_be_few(keys: Sequence[str]) -> None:
    """Refused("validation_failed") for more than a queue may have."""
    if len(keys) > BINDINGS_MOST:
        raise Refused("validation_failed", errors=[_TOO_MANY.at("/event_types")])


def _heads(event_types: Iterable[str]) -> set[str]:
    aggregates = {name.partition(".")[0] for name in OFFERED}
    whole = {f"{TYPE_PREFIX}{aggregate}.*": aggregate for aggregate in aggregates}
    wanted = set(event_types)
    if f"{TYPE_PREFIX}*" in wanted:
        return {"*.*"}
    chosen = {whole[each] for each in wanted & whole.keys()}
    single = names_of(sorted(wanted - whole.keys()))
    return {
        *(f"{aggregate}.*" for aggregate in chosen),
        *(name for name in single if name.partition(".")[0] not in chosen),
    }


def _tail(division: str) -> str:
    """`37.#`, `37.01.#`, `37.01.02`."""
    parts = [division[at : at + 2] for at in range(0, len(division), 2)]
    return ".".join(parts if len(parts) == 3 else [*parts, "#"])
