"""Text as the search compares it: half width, small letters, simplified, no control characters."""

from __future__ import annotations

import unicodedata
from functools import cache
from typing import TYPE_CHECKING

from shared.errors import FieldError, Refused, Text

if TYPE_CHECKING:
    from opencc import OpenCC

MAX_LENGTH = 500
"""Characters a question may have."""


def normalised(query: str) -> str:
    """Half width, small letters, no control characters, single spaces (Unicode NFKC).

    Refused (`too_long`) above MAX_LENGTH characters.
    """
    if len(query) > MAX_LENGTH:
        message = Text(
            f"请把问题缩短到 {MAX_LENGTH} 字以内", f"Ask in at most {MAX_LENGTH} characters"
        )
        raise Refused("validation_failed", errors=[FieldError("/q", "too_long", message)])
    text = unicodedata.normalize("NFKC", query).lower()
    visible = "".join(c if unicodedata.category(c)[0] != "C" else " " for c in text)
    return " ".join(visible.split())[:MAX_LENGTH]


def simplified(text: str) -> str:
    """The text in simplified characters; one in traditional characters also in mainland words
    (網路 → 网络). A text in simplified characters stays as it is: 土豆 is no peanut there.
    """
    if text.isascii() or _converter("t2s").convert(text) == text:
        return text
    return str(_converter("tw2sp").convert(text))


@cache
def _converter(name: str) -> OpenCC:
    from opencc import OpenCC

    return OpenCC(name)
