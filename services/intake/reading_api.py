"""Reading over HTTP: an application, for its parties and for staff; and who of staff did read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any

from flask import request

from services.intake import reading_answers as answers
from services.intake.audit import Audit, Wanted
from services.intake.holders import HOLDER_HEADERS, HOLDER_REFUSALS, Holders
from services.intake.masking import own_view
from services.intake.staff_reading import Readers, Reading, staff_view, unmasking
from shared.asking import caller, typed_serial_number
from shared.civil_time import MAINLAND_TIME, rfc3339, today
from shared.contracts.fields import Code, Date, Str
from shared.contracts.schema import Body, read
from shared.sealing import Keyring
from shared.store import Document
from shared.web import Route

PAGE_SIZE = 100
_ID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"


class AuditList(Body):
    """Which reads, combined: of an application, of a reader, from the first to the last of these
    days (civil days of the mainland), behind the last one of the page before."""

    serial_number = Str("流水号", 64)
    subject = Str("查阅人标识", 255)
    since = Date("起始日期", past=True)
    until = Date("截止日期", past=True)
    after = Code("上页末项", _ID)


@dataclass(frozen=True, slots=True)
class ReadingDesk:
    """What the views work with; made once per process by `app`."""

    holders: Holders
    readers: Readers
    audit: Audit
    keyring: Keyring

    def application(self, serial_number: str) -> dict[str, Any]:
        """Staff see it for a purpose, which is in the log before anything is shown."""
        language, unmask = caller().language, unmasking()
        if not self.readers.are_asking():
            document, seat = self.holders.party(serial_number)
            return own_view(document, seat, self.keyring, language, unmask=unmask)
        document = self.readers.application(serial_number)
        purpose = self.readers.write_down(document, "application", unmasked=unmask)
        view = staff_view(document, self.keyring, language, unmask=unmask)
        return {**view, "purpose": purpose}

    def reads(self) -> dict[str, Any]:
        asked = read(AuditList(), request.args.to_dict(), today())
        number = asked.get("serial_number")
        wanted = Wanted(
            serial_number=typed_serial_number(number) if number else None,
            subject=asked.get("subject"),
            since=_midnight(asked.get("since"), days_later=0),
            until=_midnight(asked.get("until"), days_later=1),
            after=asked.get("after"),
        )
        found = self.audit.page(wanted, PAGE_SIZE + 1)
        page = found[:PAGE_SIZE]
        return {
            "items": [_line(entry) for entry in page],
            "next": page[-1]["_id"] if len(found) > PAGE_SIZE else None,
        }


def _midnight(day: str | None, *, days_later: int) -> datetime | None:
    """When a civil day begins, or one after it."""
    if day is None:
        return None
    begins = date.fromordinal(date.fromisoformat(day).toordinal() + days_later)
    return datetime.combine(begins, time(), MAINLAND_TIME).astimezone(UTC)


def _line(entry: Document) -> dict[str, Any]:
    shown = (
        "number", "subject", "role", "organisation", "serial_number", "what", "purpose",
        "unmasked", "correlation_id", "previous_hash", "hash",
    )  # fmt: skip
    return {
        "id": entry["_id"],
        "at": rfc3339(entry["at"]),
        **{name: entry[name] for name in shown},
    }


def routes(desk: ReadingDesk) -> Sequence[Route]:
    """Reading an application, and the log of reads."""
    return (
        Route(
            "GET", "/v1/applications/{serial_number}", desk.application,
            "An application as its party or the staff of its case may see it",
            query=Reading, answer=(answers.OwnApplication, answers.StaffApplication),
            headers=HOLDER_HEADERS, refusals=(*HOLDER_REFUSALS, "validation_failed"),
        ),
        Route(
            "GET", "/v1/audit", desk.reads, "Who of staff read whose application, newest first",
            query=AuditList, answer=answers.AuditPage,
            refusals=("validation_failed", "serial_checksum"),
        ),
    )  # fmt: skip
