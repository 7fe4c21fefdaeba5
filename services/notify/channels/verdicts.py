"""What a vendor's codes mean for a message, as tables: the longest beginning of a code decides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from services.notify.channels import (
    HandedOverUnknown,
    NotNow,
    NotSent,
    OursToMend,
    RefusedForGood,
    TryLater,
)

_OK: Final = 200
_UNAVAILABLE: Final = 503


@dataclass(frozen=True, slots=True)
class Limited:
    """A limit of the vendor's, and the seconds after which it is worth asking again."""

    word: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Ended:
    """How an attempt ended, in a word of our own."""

    kind: type[RefusedForGood | OursToMend | TryLater | HandedOverUnknown]
    word: str


Verdicts = Mapping[str, Limited | Ended]
"""Beginning of a code → what it means; "" is for whatever no other one begins."""


def judged(verdicts: Verdicts, code: str) -> NotSent:
    """What this code means."""
    beginning = max((each for each in verdicts if code.startswith(each)), key=len)
    verdict = verdicts[beginning]
    if isinstance(verdict, Limited):
        return NotNow(verdict.word, verdict.seconds)
    return verdict.kind(verdict.word)


def unspoken(status: int) -> NotSent:
    """An answer that is not the vendor's own: something on the way has spoken. Only 503 says that
    the request went nowhere."""
    if status == _UNAVAILABLE:
        return TryLater(f"http_{status}")
    return HandedOverUnknown("unreadable" if status == _OK else f"http_{status}")


def refused(word: str) -> Ended:
    """The number or the words, whoever asks."""
    return Ended(RefusedForGood, word)


def ours(word: str) -> Ended:
    """Something of ours at this vendor."""
    return Ended(OursToMend, word)


def later(word: str) -> Ended:
    """The vendor is out of order and says so."""
    return Ended(TryLater, word)


def unknown(word: str) -> Ended:
    """It may have been sent: the vendor itself does not know."""
    return Ended(HandedOverUnknown, word)
