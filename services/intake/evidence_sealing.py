"""Evidence at rest: sealed frame by frame, so that a file of any size passes in flat memory.

Each file has a random key of its own (kept sealed by the keyring with the file's particulars, so
changing the keyring never touches the file itself). Frames are AES-256-GCM under a nonce made of
a counter and an end mark, the STREAM construction (Hoang, Reyhanitabar, Rogaway, Vizár 2015):
a frame that was altered, moved, dropped or taken from another file does not open.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator
from typing import IO, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from shared.errors import Permanent

KEY_BYTES: Final = 32
TAG_BYTES: Final = 16
SEALED_FRAME_BYTES: Final = 255 * 1024
"""One sealed frame is one chunk of the usual GridFS size."""
FRAME_BYTES: Final = SEALED_FRAME_BYTES - TAG_BYTES


def new_file_key() -> bytes:
    return secrets.token_bytes(KEY_BYTES)


def sealed_length(size_bytes: int) -> int:
    """Length of all frames of a file of `size_bytes`; an empty file has one empty frame."""
    frames = max(1, -(-size_bytes // FRAME_BYTES))
    return size_bytes + frames * TAG_BYTES


def seal_frames(key: bytes, file_id: bytes, plain: IO[bytes]) -> Iterator[bytes]:
    """Read `plain` to its end and yield its sealed frames; all but the last are full."""
    cipher = AESGCM(key)
    frame, number = plain.read(FRAME_BYTES), 0
    while True:
        following = plain.read(FRAME_BYTES) if frame else b""
        yield cipher.encrypt(_nonce(number, last=not following), frame, file_id)
        if not following:
            return
        frame, number = following, number + 1


def open_frames(key: bytes, file_id: bytes, sealed: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the plain frames; Permanent("evidence_unreadable") at the first that is not genuine,
    and at the end when the last frame is missing.
    """
    cipher = AESGCM(key)
    frames = iter(sealed)
    frame, number = next(frames, None), 0
    if frame is None:
        raise Permanent("evidence_unreadable")
    while frame is not None:
        following = next(frames, None)
        try:
            yield cipher.decrypt(_nonce(number, last=following is None), frame, file_id)
        except InvalidTag:
            raise Permanent("evidence_unreadable") from None
        frame, number = following, number + 1


def _nonce(number: int, *, last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes((last,))
