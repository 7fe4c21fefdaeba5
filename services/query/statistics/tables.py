"""Statistics as CSV (RFC 4180, UTF-8 with a mark, so that spreadsheets read the Chinese): a line
for the whole and one a group; a number that may not be told is an empty field.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from typing import Any, Final

from services.query.statistics.counting import PENDING, PHASES, STEPS
from services.query.statistics.presenting import SHARES
from shared.contracts.lifecycle import OUTCOMES, STATUSES

MEDIA_TYPE: Final = "text/csv; charset=utf-8"
_FORMULAS: Final = ("=", "+", "-", "@", "\t", "\r")
_MEASURES: Final = {
    **{f"days_to_{step}": ("days_to", step) for step in STEPS},
    **{f"days_in_{phase}": ("days_in", phase) for phase in PHASES},
}
_COLUMNS: Final = (
    "key", "text", "total",
    *(f"status_{name}" for name in STATUSES),
    *(f"outcome_{name}" for name in (PENDING, *OUTCOMES)),
    "share_settled",
    *(f"{measure}_{column}" for measure in _MEASURES for column in ("cases", *SHARES)),
)  # fmt: skip


def table(answer: Mapping[str, Any]) -> bytes:
    """The JSON answer of statistics as a table."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(_COLUMNS)
    for row in ({"key": "*", "text": "", **answer["whole"]}, *answer["items"]):
        writer.writerow(list(_fields(row)))
    return out.getvalue().encode("utf-8-sig")


def _fields(row: Mapping[str, Any]) -> Iterator[Any]:
    yield _harmless(row["key"])
    yield _harmless(row["text"])
    yield row["total"]
    yield from (row["by_status"].get(name, 0) for name in STATUSES)
    yield from (row["by_outcome"].get(name, 0) for name in (PENDING, *OUTCOMES))
    yield row["share_settled"]
    for part, name in _MEASURES.values():
        told = row[part][name]
        yield from (told[column] for column in ("cases", *SHARES))


def _harmless(text: str) -> str:
    """A text that no spreadsheet takes for a formula: an organisation chooses its own name."""
    return f"'{text}" if text.startswith(_FORMULAS) else text
