"""How a case stands as a page that needs nothing but itself: no script, no outside resource.

It is read on old phones by people in a hurry: what is and what comes stands first. It shows what the
JSON answers show (`domain`), masked or not, and repeats of what was typed only the serial number.
"""

from __future__ import annotations

import base64
import hashlib
import math
from collections.abc import Mapping
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from services.query.pages.wording import TEXTS, day_text, moment_text
from services.query.progress.sentences import DISCLAIMER
from shared import serial
from shared.errors import Language

_FOLDER: Final = Path(__file__).parent
_STYLE: Final = (_FOLDER / "progress.css").read_text(encoding="utf-8")
_STYLE_HASH: Final = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()

HEADERS: Final[Mapping[str, str]] = {
    "Content-Security-Policy": (
        f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; base-uri 'none'; "
        "form-action 'self'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "Vary": "Accept-Language",
}
"""What is sent with every page: nothing is allowed but its one style sheet and its own forms."""

_HOTLINES: Final = ("12333", "12348", "12351", "12338")


def page(
    language: Language,
    *,
    seen: Mapping[str, Any] | None = None,
    problem: Mapping[str, Any] | None = None,
    number: str = "",
    calendar_url: str | None = None,
) -> str:
    """The page as HTML. `seen` is what `domain` shows of the case, None for the form alone; `problem`
    a problem document to be told of; `number` the serial number, as typed where it is none."""
    return _environment().get_template("progress.html").render(
        language=language,
        text={name: sentence.to(language) for name, sentence in TEXTS.items()},
        style=Markup(_STYLE),  # noqa: S704 - our own file
        seen=seen,
        problem=problem,
        wait=_wait(problem, language),
        number=serial.display(number) if serial.is_valid(number) else number,
        path=f"/progress/{number}" if seen else "/progress",
        calendar_url=calendar_url,
        hotlines=_HOTLINES,
        disclaimer=DISCLAIMER.to(language),
        day=lambda text: day_text(date.fromisoformat(text), language),
        moment=lambda text: moment_text(datetime.fromisoformat(text), language),
    )  # fmt: skip


def _wait(problem: Mapping[str, Any] | None, language: Language) -> str | None:
    """How long to wait before another attempt, in minutes."""
    if not problem or "retry_after" not in problem:
        return None
    return TEXTS["wait"].to(language).format(minutes=math.ceil(problem["retry_after"] / 60))


@cache
def _environment() -> Environment:
    """Whatever is put in is escaped, and a hole in a page is an error."""
    return Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
