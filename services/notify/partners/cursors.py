"""A place in the log as partners hold it: opaque, good for as long as the log keeps what follows.

Eleven bytes as 15 characters: a version, the position, two check bytes that tell a cursor from any
other word. What a position is may change; a cursor that was given out stays good.
"""

from __future__ import annotations

import base64
import binascii
import struct
from typing import Final

_VERSION: Final = 1
_FORM: Final = struct.Struct(">BqH")
_CHARACTERS: Final = 15
_CHECK: Final = 0x5449


def cursor_of(position: int) -> str:
    """The cursor behind an event: reading goes on with the next one."""
    return base64.urlsafe_b64encode(_packed(position)).decode().rstrip("=")


def position_of(cursor: str) -> int | None:
    """The position that a cursor names; None for what is none of ours."""
    if len(cursor) != _CHARACTERS:
        return None
    try:
        raw = base64.b64decode(f"{cursor}=", altchars=b"-_", validate=True)
    except ValueError:  # other letters
        return None
    _, position, _ = _FORM.unpack(raw)
    if position < 0 or cursor_of(position) != cursor:  # there is one spelling of each
        return None
    return int(position)


def _packed(position: int) -> bytes:
    check = binascii.crc_hqx(struct.pack(">Bq", _VERSION, position), _CHECK)
    return _FORM.pack(_VERSION, position, check)
