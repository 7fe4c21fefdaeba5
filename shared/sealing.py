"""Personal data at rest and in events: sealed, or present only as keyed hashes.

Sealing is AES-256-GCM (NIST SP 800-38D) under a random 96-bit nonce; the key's name and the place
the ciphertext belongs to are authenticated with it, so that it opens nowhere else. Two forms with
the same protection: bytes for MongoDB, text for JSON. Why not the driver's own encryption, and how
keys are changed: docs/decisions/0003-sealing.md.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
import unicodedata
from collections.abc import Mapping
from typing import Final, TypeVar

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from shared.errors import Permanent
from shared.settings import SettingsError

KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12
_TAG_BYTES: Final = 16
_HASH_BYTES: Final = 18  # 144 bits: 24 characters of base64url without padding
_TEXT_VERSION: Final = "v1"
_BINARY_VERSION: Final = 1
_KID = re.compile(r"[a-z0-9][a-z0-9-]{0,15}", re.ASCII)

Sealed = TypeVar("Sealed", str, bytes)


class Keyring:
    """Seals with its first key and opens with any of its keys. Safe to share between threads.

    One key may seal 2**32 times (random nonces, SP 800-38D 8.3); change it long before.
    """

    __slots__ = ("_ciphers", "_first")

    def __init__(self, keys: Mapping[str, bytes]) -> None:
        self._ciphers = {kid: AESGCM(key) for kid, key in keys.items()}
        self._first = next(iter(keys))

    @classmethod
    def parse(cls, text: str) -> Keyring:
        """Read `kid:base64,kid2:base64`; SettingsError tells every fault and shows no key."""
        keys: dict[str, bytes] = {}
        faults: list[str] = []
        for number, entry in enumerate(filter(None, map(str.strip, text.split(","))), start=1):
            kid, colon, key = entry.partition(":")
            if not colon:
                faults.append(f"key {number}: expected `kid:base64`")
            elif not _KID.fullmatch(kid):
                faults.append(f"key {number}: the kid is 1 to 16 of a-z, 0-9 and -")
            elif kid in keys:
                faults.append(f"key {number}: the kid {kid} is there twice")
            elif (value := _key_bytes(key)) is None:
                faults.append(f"key {number} ({kid}): expected base64 of {KEY_BYTES} bytes")
            else:
                keys[kid] = value
        if not keys and not faults:
            faults.append(f"no key: expected `kid:base64 of {KEY_BYTES} bytes`")
        if faults:
            raise SettingsError("\n".join(faults))
        return cls(keys)

    def __repr__(self) -> str:
        return f"Keyring({', '.join(self._ciphers)})"

    @property
    def first_kid(self) -> str:
        """Name of the key that seals, by which a query finds what other keys have sealed."""
        return self._first

    def seal(self, plain: bytes, context: str) -> str:
        """Seal into text for JSON: `v1.<kid>.<base64url of nonce, ciphertext, tag>`.

        `context` names the place, e.g. `application:2634626885086477`; it is not secret and not
        kept in the token.
        """
        return _to_text(self._first, self._encrypt(plain, context))

    def seal_binary(self, plain: bytes, context: str) -> bytes:
        """Seal into bytes for MongoDB: 31 bytes + the kid longer than `plain`, no base64."""
        return _to_binary(self._first, self._encrypt(plain, context))

    def open(self, sealed: str | bytes, context: str) -> bytes:
        """Return what was sealed, from either form.

        Permanent("sealed_unreadable") when anything was changed, when the key is not in the ring
        or when it was sealed for another context; which of them is not told.
        """
        kid, body = _parts(sealed)
        cipher = self._ciphers.get(kid)
        if cipher is None:
            raise Permanent("sealed_unreadable")
        try:
            return cipher.decrypt(body[:_NONCE_BYTES], body[_NONCE_BYTES:], _bound(kid, context))
        except InvalidTag:
            raise Permanent("sealed_unreadable") from None

    def kid_of(self, sealed: str | bytes) -> str:
        """Name of the key it was sealed with; Permanent("sealed_unreadable") if it is no token."""
        return _parts(sealed)[0]

    def needs_rotation(self, sealed: str | bytes) -> bool:
        """Whether another than the first key sealed it."""
        return self.kid_of(sealed) != self._first

    def rotate(self, sealed: Sealed, context: str) -> Sealed:
        """The same content under the first key, in the same form; unchanged if already so."""
        if not self.needs_rotation(sealed):
            return sealed
        plain = self.open(sealed, context)
        if isinstance(sealed, str):
            return self.seal(plain, context)
        return self.seal_binary(plain, context)

    def _encrypt(self, plain: bytes, context: str) -> bytes:
        nonce = secrets.token_bytes(_NONCE_BYTES)
        cipher = self._ciphers[self._first]
        return nonce + cipher.encrypt(nonce, plain, _bound(self._first, context))


class Hasher:
    """Keyed, purpose-separated hashes: equal values can be found, none can be read back.

    Keyed BLAKE2b (RFC 7693) of 144 bits, as 24 URL-safe characters. Without the key not even a
    value of few possibilities (a phone's last four digits) can be tried out offline.
    """

    __slots__ = ("_key",)

    def __init__(self, key: bytes) -> None:
        if len(key) != KEY_BYTES:
            raise SettingsError(f"hashing key: expected {KEY_BYTES} bytes")
        self._key = key

    @classmethod
    def parse(cls, text: str) -> Hasher:
        """Read the base64 of 32 bytes; SettingsError, which shows no key, for anything else."""
        key = _key_bytes(text.strip())
        if key is None:
            raise SettingsError(f"hashing key: expected base64 of {KEY_BYTES} bytes")
        return cls(key)

    def __repr__(self) -> str:
        return "Hasher()"

    def hash(self, purpose: str, value: str) -> str:
        """Hash `value` for one `purpose`; the same value for another purpose is unrelated."""
        # A value may be anything a caller typed, even half a character: it just never matches.
        message = _prefixed(purpose) + value.encode("utf-8", "surrogatepass")
        digest = hashlib.blake2b(message, digest_size=_HASH_BYTES, key=self._key).digest()
        return _base64url(digest)

    def matches(self, purpose: str, value: str, expected: str) -> bool:
        """Whether `expected` is the hash of `value`, compared in constant time."""
        return hmac.compare_digest(self.hash(purpose, value).encode(), expected.encode())


class QueryCodes:
    """The codes printed on receipts, which unmask one application's progress.

    Eight characters of an alphabet without 0, O, 1, I and L (31**8, 39.6 bits): enough behind
    shared.throttle, and never stored but as a keyed hash bound to its serial number.
    """

    __slots__ = ("_hasher",)

    ALPHABET: Final = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
    LENGTH: Final = 8
    _PURPOSE: Final = "query_code"

    def __init__(self, hasher: Hasher) -> None:
        self._hasher = hasher

    @classmethod
    def draw(cls) -> str:
        """A new code from the system's randomness, without hyphen; `grouped` is for people."""
        number, size = secrets.randbelow(len(cls.ALPHABET) ** cls.LENGTH), len(cls.ALPHABET)
        return "".join(cls.ALPHABET[number // size**place % size] for place in range(cls.LENGTH))

    @staticmethod
    def grouped(code: str) -> str:
        """`ABCDEFGH` as people read it: `ABCD-EFGH`."""
        return f"{code[:4]}-{code[4:]}"

    @staticmethod
    def normalise(text: str) -> str:
        """Undo case, full-width forms, spaces and every kind of dash; keep the rest as typed."""
        folded = unicodedata.normalize("NFKC", text[:64]).upper()
        return "".join(c for c in folded if not _is_separator(c))

    def hash(self, serial_number: str, code: str) -> str:
        """The hash to store for this code of this application."""
        return self._hasher.hash(self._PURPOSE, f"{serial_number}:{self.normalise(code)}")

    def matches(self, serial_number: str, code: str, expected: str) -> bool:
        """Whether the typed `code` is the one whose hash was stored; constant time."""
        value = f"{serial_number}:{self.normalise(code)}"
        return self._hasher.matches(self._PURPOSE, value, expected)


def phone_last4_hash(hasher: Hasher, serial_number: str, phone: str) -> str | None:
    """Hash of the last four digits of `phone` (or of the four typed), bound to the serial number.

    None when it has fewer than four digits. There are only 10**4 values: the key keeps them from
    being tried offline, shared.throttle from being tried online.
    """
    digits = re.sub(r"[^0-9]", "", unicodedata.normalize("NFKC", phone[:64]))
    if len(digits) < 4:
        return None
    return hasher.hash("phone_last4", f"{serial_number}:{digits[-4:]}")


def identity_hash(hasher: Hasher, id_number: str) -> str:
    """Hash of an identity number for "my cases" and conflicts of interest: the same in tokens,
    applications and cases, whatever case or width it was typed in.
    """
    return hasher.hash("identity", unicodedata.normalize("NFKC", id_number).strip().upper())


def records_context(serial_number: str) -> str:
    """The place that the sealed words of a case's records belong to."""
    return f"record:{serial_number}"


def new_key() -> str:
    """Base64 of 32 random bytes: a key for a keyring (after `kid:`) or for the hasher."""
    return base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()


def _key_bytes(text: str) -> bytes | None:
    """The 32 bytes of a key written in base64, standard or URL-safe, padded or not."""
    standard = text.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        key = base64.b64decode(standard + "=" * (-len(standard) % 4), validate=True)
    except ValueError:
        return None
    return key if len(key) == KEY_BYTES else None


def _bound(kid: str, context: str) -> bytes:
    """What is authenticated beside the ciphertext; no two (kid, context) give the same bytes."""
    return b"tiaojie sealed v1" + _prefixed(kid) + context.encode()


def _prefixed(text: str) -> bytes:
    encoded = text.encode()
    return len(encoded).to_bytes(4, "big") + encoded


def _to_text(kid: str, body: bytes) -> str:
    return f"{_TEXT_VERSION}.{kid}.{_base64url(body)}"


def _to_binary(kid: str, body: bytes) -> bytes:
    return bytes((_BINARY_VERSION, len(kid))) + kid.encode() + body


def _parts(sealed: str | bytes) -> tuple[str, bytes]:
    """The kid and `nonce + ciphertext + tag` of either form."""
    kid, body = _text_parts(sealed) if isinstance(sealed, str) else _binary_parts(sealed)
    if len(body) < _NONCE_BYTES + _TAG_BYTES or not _KID.fullmatch(kid):
        raise Permanent("sealed_unreadable")
    return kid, body


def _text_parts(sealed: str) -> tuple[str, bytes]:
    version, _, rest = sealed.partition(".")
    kid, _, encoded = rest.partition(".")
    try:
        body = base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4))
    except ValueError:
        raise Permanent("sealed_unreadable") from None
    # Only one spelling of a token is accepted: decoding ignores foreign characters and unused bits.
    if version != _TEXT_VERSION or _base64url(body) != encoded:
        raise Permanent("sealed_unreadable")
    return kid, body


def _binary_parts(sealed: bytes) -> tuple[str, bytes]:
    if len(sealed) < 2 or sealed[0] != _BINARY_VERSION:
        raise Permanent("sealed_unreadable")
    end = 2 + sealed[1]
    return sealed[2:end].decode("ascii", "replace"), sealed[end:]


def _base64url(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def _is_separator(character: str) -> bool:
    # U+2212 is a minus sign, U+30FC the long mark that some keyboards give for a dash.
    return (
        unicodedata.category(character) in {"Pd", "Zs", "Cf", "Cc"} or character in "_\u2212\u30fc"
    )
