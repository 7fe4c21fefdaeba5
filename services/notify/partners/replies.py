"""Reads the answer to one HTTP/1.1 request as it comes in: its status, and where it ends.

Only what a webhook needs: status, Retry-After, whether the connection may be used again, and of the
body at most 64 KiB (RFC 9112, as strict as its section 6 allows). Whatever cannot be read for certain
is Unreadable, and the connection is closed after it; nothing that a partner answers is followed,
unpacked, run or kept.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final

HEAD_MOST: Final = 16 * 1024
BODY_MOST: Final = 64 * 1024

_STATUS: Final = re.compile(rb"HTTP/1\.([01]) ([1-5][0-9]{2})(?: [^\r\n\0]*)?")
_FIELD: Final = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\r\n\0]*?)[ \t]*")
_CHUNK: Final = re.compile(rb"([0-9A-Fa-f]{1,8})[ \t]*(?:;[^\r\n]*)?")
_LINE_MOST: Final = 256
_FRAMING: Final = frozenset([b"content-length", b"transfer-encoding"])
_READ: Final = _FRAMING | {b"connection", b"retry-after"}

Step = Callable[[], bool | None]
"""True when the answer is complete, False to wait for more, None to go on with the next step."""


class Unreadable(Exception):
    """What came is no answer."""


class TooLarge(Exception):
    """It is more than an answer to a webhook can be."""


class Reply:
    """One answer, fed piece by piece; complete once `feed` says so."""

    __slots__ = (
        "_at",
        "_body",
        "_buffer",
        "_fed",
        "_left",
        "_step",
        "keep",
        "retry_after",
        "status",
    )

    def __init__(self) -> None:
        self.status = 0
        self.retry_after = b""
        self.keep = False
        self._body = bytearray()
        self._buffer = b""
        self._at = 0  # what of the buffer has been read
        self._fed = 0
        self._left = 0
        self._step: Step = self._head

    @property
    def body(self) -> bytes:
        return bytes(self._body)

    def feed(self, received: bytes) -> bool:
        """Take what came; whether the answer is complete. Raises Unreadable or TooLarge."""
        self._fed += len(received)
        self._buffer = self._buffer[self._at :] + received
        self._at = 0
        while True:
            done = self._step()
            if done is not None:
                if done:
                    # nobody asked for more than one answer
                    self.keep = self.keep and self._at == len(self._buffer)
                elif self._fed > HEAD_MOST + 2 * BODY_MOST:
                    raise TooLarge
                return done

    def end(self) -> bool:
        """The connection was closed; whether that completes the answer."""
        return self._step == self._until_close

    def _head(self) -> bool | None:
        end = self._buffer.find(b"\r\n\r\n", self._at)
        if end < 0:
            return self._unfinished_head()
        if end - self._at > HEAD_MOST:
            raise TooLarge
        first, *lines = self._buffer[self._at : end].split(b"\r\n")
        self._at = end + 4
        found = _STATUS.fullmatch(first)
        if found is None:
            raise Unreadable
        self.status = int(found[2])
        if self.status == 101:  # nobody asked to speak anything else
            raise Unreadable
        if self.status < 200:  # the answer follows
            return None
        fields = _fields(lines)
        self.retry_after = fields.get(b"retry-after", b"")
        self.keep = found[1] == b"1" and b"close" not in fields.get(b"connection", b"").lower()
        self._step = self._framing(fields)
        return None

    def _unfinished_head(self) -> bool:
        if len(self._buffer) - self._at > HEAD_MOST:
            raise TooLarge
        if not b"HTTP/1.".startswith(self._buffer[self._at : self._at + 7]):
            raise Unreadable
        return False

    def _framing(self, fields: Mapping[bytes, bytes]) -> Step:
        """How the end of the body is told."""
        coding = fields.get(b"transfer-encoding")
        length = fields.get(b"content-length")
        if self.status in {204, 304}:
            return self._counted
        if coding is not None:
            if coding.lower() != b"chunked" or length is not None:
                raise Unreadable
            return self._chunk_size
        if length is None:
            self.keep = False
            return self._until_close
        if not length.isdigit() or len(length) > 18:
            raise Unreadable
        self._left = int(length)
        if self._left > BODY_MOST:
            raise TooLarge
        return self._counted

    def _counted(self) -> bool:
        if len(self._buffer) - self._at < self._left:
            return False
        self._take(self._left)
        return True

    def _until_close(self) -> bool:
        self._take(len(self._buffer) - self._at)
        return False

    def _chunk_size(self) -> bool | None:
        line = self._line()
        if line is None:
            return False
        found = _CHUNK.fullmatch(line)
        if found is None:
            raise Unreadable
        self._left = int(found[1], 16)
        if self._left > BODY_MOST:
            raise TooLarge
        self._step = self._chunk if self._left else self._trailer
        return None

    def _chunk(self) -> bool | None:
        end = self._at + self._left
        if len(self._buffer) < end + 2:
            return False
        if self._buffer[end : end + 2] != b"\r\n":
            raise Unreadable
        self._take(self._left)
        self._at += 2
        self._step = self._chunk_size
        return None

    def _trailer(self) -> bool | None:
        line = self._line()
        if line is None:
            return False
        return None if line else True

    def _line(self) -> bytes | None:
        end = self._buffer.find(b"\r\n", self._at)
        if end < 0:
            if len(self._buffer) - self._at > _LINE_MOST:
                raise TooLarge
            return None
        line = self._buffer[self._at : end]
        self._at = end + 2
        return line

    def _take(self, size: int) -> None:
        if len(self._body) + size > BODY_MOST:
            raise TooLarge
        self._body += self._buffer[self._at : self._at + size]
        self._at += size


def _fields(lines: list[bytes]) -> dict[bytes, bytes]:
    """The header fields that matter here; two different lengths are none."""
    fields: dict[bytes, bytes] = {}
    for line in lines:
        found = _FIELD.fullmatch(line)
        if found is None:
            raise Unreadable
        name = found[1].lower()
        if name not in _READ:
            continue
        before = fields.get(name)
        if name in _FRAMING and before not in {None, found[2]}:
            raise Unreadable
        fields[name] = found[2] if before is None or name in _FRAMING else before + b"," + found[2]
    return fields
