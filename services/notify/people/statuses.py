"""What becomes of a message: every status it can have, and every change of status that is lawful.

    standby ──▶ planned ⇄ sending ──▶ accepted ──▶ delivered
       ▲           │         ├──────▶ uncertain ──▶ (what a receipt or a late answer says)
       │           │         └──────▶ temporary_failure, permanent_failure, technical_failure
       └ cancelled ◀─────────┘

    standby             the person's next address: due only if the one before it fails
    planned             due, now or at its next attempt
    sending             claimed by a sender
    accepted            the provider has taken it over
    delivered           the provider's receipt says so, or it lies in the inbox
    temporary_failure   tried to the end of its schedule, or a receipt says it could not be delivered
    permanent_failure   refused for good: the address, the words
    technical_failure   our own doing: no account, no approved template, a body that cannot be read
    uncertain           handed over, answer unknown: never sent again by itself
    cancelled           it became untrue before it was sent, or nobody needs it any more

A receipt is the last word, whatever else came before or comes after: delivery wins over any failure
told, a permanent failure over a temporary one. So receipts give the same end in any order. One can
overtake the provider's own answer, and one of an earlier try can come while a later one waits.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

STATUSES: Final = (
    "planned", "standby", "sending", "accepted", "delivered", "temporary_failure",
    "permanent_failure", "technical_failure", "uncertain", "cancelled",
)  # fmt: skip

FAILED: Final = frozenset({"temporary_failure", "permanent_failure", "technical_failure"})
"""Ends after which the person's next address is used."""

ENDED: Final = FAILED | {"delivered", "cancelled"}
"""Nothing more is done with these by themselves."""

OPEN: Final = frozenset({"standby", "planned", "sending"})
"""Something is still to be done; `accepted` and `uncertain` only wait for a receipt."""

TROUBLED: Final = (*sorted(FAILED), "uncertain")
"""Ends that staff look for; few messages have them."""

RECEIPTS: Final = ("delivered", "permanent_failure", "temporary_failure")
"""What a receipt can say, the strongest first."""

TRANSITIONS: Final[Mapping[str, frozenset[str]]] = {
    "standby": frozenset({"planned", "cancelled"}),
    "planned": frozenset({"sending", "cancelled", *RECEIPTS}),
    "sending": frozenset({"planned", "accepted", "uncertain", "cancelled", *FAILED, *RECEIPTS}),
    "accepted": frozenset(RECEIPTS),
    "uncertain": frozenset({"planned", "accepted", *FAILED, *RECEIPTS}),
    "temporary_failure": frozenset({"permanent_failure", "delivered"}),
    "permanent_failure": frozenset({"delivered"}),
    "technical_failure": frozenset({"delivered"}),
    "cancelled": frozenset({"delivered", "planned"}),  # not needed, until the one before fails
    "delivered": frozenset(),
}
"""Status → those it may change to."""


def before(status: str) -> frozenset[str]:
    """The statuses that may change to this one."""
    return frozenset(source for source, targets in TRANSITIONS.items() if status in targets)
