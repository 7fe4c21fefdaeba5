"""Tickets: addresses for programs that can send no headers, as EventSource and calendars cannot.

A ticket shows its bearer one case from one side for half an hour. It holds that side and its end,
nothing of a person and nothing to guess from: a keyed hash binds it to its serial number.
"""

from __future__ import annotations

import hmac
import re
from typing import Final

from services.query.progress.viewer import APPLICANT, Viewer
from shared.sealing import Hasher

LASTING_SECONDS: Final = 1800
LONGEST: Final = 64

_FORM: Final = re.compile(r"([ar])(\d{1,4})\.(\d{1,12})\.[A-Za-z0-9_-]+", re.ASCII)


def issue(hasher: Hasher, number: str, viewer: Viewer, at: float) -> str:
    """A ticket for this side of the case from `at`, seconds since 1970."""
    says = f"{viewer.party[0]}{viewer.index}.{int(at) + LASTING_SECONDS}"
    return f"{says}.{_hash(hasher, number, says)}"


def viewer_of(hasher: Hasher, number: str, ticket: str, at: float) -> Viewer | None:
    """The side that a ticket of this case shows at `at`; None for an ended or any other text."""
    form = _FORM.fullmatch(ticket)
    says, _, proof = ticket.rpartition(".")
    if form is None or not hmac.compare_digest(proof, _hash(hasher, number, says)):
        return None
    if at >= int(form[3]):
        return None
    return APPLICANT if form[1] == "a" else Viewer("respondent", int(form[2]))


def _hash(hasher: Hasher, number: str, says: str) -> str:
    return hasher.hash("progress_ticket", f"{number}:{says}")
