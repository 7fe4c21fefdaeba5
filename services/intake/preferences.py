"""How a person wants to be told: over what first, in which language, in letters of which size.

Pure. What a person states itself counts; what it needs help for is asked only where it says nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from services.intake.persons import Person, normal_text, said

PREFERRED: Final[Mapping[str, str]] = {
    "sms": "sms",
    "phone": "sms",  # whoever wants to be called gets a text message: no machine calls anybody
    "email": "email",
    "app": "app",
}
"""Word of the form (`preferred_contact`) → what goes to whoever sends messages."""

_NEEDS: Final = (
    "accessibility_needs", "assistance", "assistance_needed", "needs_assistance",
    "assistance_reason", "assistance_note", "reading_assistance", "elder_assistance",
    "elderly_assistance", "disability_assistance", "disability", "disability_type",
)  # fmt: skip
_SIGHT: Final = re.compile(
    r"大字|字体.{0,4}大|放大|视力|低视|弱视|视障|老花|看不清|large.?(print|letter|type|font)"
    r"|low.?vision|poor.?(eye)?sight|visual"
)


def contact_preferences(person: Person) -> dict[str, Any]:
    """{prefers, large_print, push}: `prefers` is sms, email, app or None, `push` the device that
    the person's app is told on."""
    return {
        "prefers": PREFERRED.get(str(person.get("preferred_contact"))),
        "large_print": wants_large_print(person),
        "push": person.get("push_device"),
    }


def wants_large_print(person: Person) -> bool:
    """As stated; else whether the help it asks for is for its eyes."""
    stated = person.get("large_print")
    if stated is not None:
        return bool(stated)
    words = (person.get(name) for name in _NEEDS)
    return any(
        isinstance(each, str) and said(each) and _SIGHT.search(normal_text(each)) for each in words
    )
