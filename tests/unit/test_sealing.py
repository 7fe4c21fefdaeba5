"""Sealing, keyed hashes and query codes: the laws they keep."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import Permanent
from shared.sealing import (
    Hasher,
    Keyring,
    QueryCodes,
    identity_hash,
    new_key,
    phone_last4_hash,
)
from shared.settings import SettingsError

OLD, NEW = (base64.b64encode(bytes([n]) * 32).decode() for n in (1, 2))
BEFORE = Keyring.parse(f"k1:{OLD}")
BOTH = Keyring.parse(f"k2:{NEW},k1:{OLD}")
AFTER = Keyring.parse(f"k2:{NEW}")
HASHER = Hasher.parse(new_key())
CODES = QueryCodes(HASHER)
SERIAL, OTHER_SERIAL = "2634626885086477", "2612345678901258"
CONTEXT = f"application:{SERIAL}"

plains = st.binary(max_size=300)
contexts = st.text(max_size=40)


def is_unreadable(ring: Keyring, sealed: str | bytes, context: str) -> bool:
    with pytest.raises(Permanent) as caught:
        ring.open(sealed, context)
    return caught.value.reason == "sealed_unreadable"


@given(plains, contexts)
def test_what_is_sealed_opens_again_in_both_forms(plain: bytes, context: str) -> None:
    assert BOTH.open(BOTH.seal(plain, context), context) == plain
    assert BOTH.open(BOTH.seal_binary(plain, context), context) == plain


@given(plains, contexts, contexts)
def test_a_ciphertext_opens_only_in_its_own_context(plain: bytes, here: str, there: str) -> None:
    sealed = BOTH.seal(plain, here)
    if here != there:
        assert is_unreadable(BOTH, sealed, there)


def test_two_sealings_of_the_same_text_have_nothing_in_common() -> None:
    first, second = (BOTH.seal_binary(b"the same", CONTEXT) for _ in range(2))
    assert first[4:16] != second[4:16]
    assert first[16:] != second[16:]


def test_changing_any_byte_of_the_binary_form_makes_it_unreadable() -> None:
    sealed = BOTH.seal_binary("申请人".encode(), CONTEXT)
    for position in range(len(sealed)):
        for mask in (0x01, 0x20, 0x80):
            changed = bytearray(sealed)
            changed[position] ^= mask
            assert is_unreadable(BOTH, bytes(changed), CONTEXT)


@pytest.mark.parametrize("size", [7, 8, 9])
def test_changing_any_character_of_the_text_form_makes_it_unreadable(size: int) -> None:
    sealed = BOTH.seal(b"x" * size, CONTEXT)
    for position, character in enumerate(sealed):
        for other in set("Aa01-_.=+/ \n") - {character}:
            changed = sealed[:position] + other + sealed[position + 1 :]
            assert is_unreadable(BOTH, changed, CONTEXT)


def test_every_spelling_of_the_last_character_but_one_is_refused() -> None:
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    for plain in (b"12", b"123", b"1234"):  # two, four and no unused bits
        text = BOTH.seal(plain, CONTEXT)
        for other in set(alphabet) - {text[-1]}:
            assert is_unreadable(BOTH, text[:-1] + other, CONTEXT)


@given(plains, st.data())
def test_a_cut_or_lengthened_token_is_unreadable(plain: bytes, draw: st.DataObject) -> None:
    text, binary = BOTH.seal(plain, CONTEXT), BOTH.seal_binary(plain, CONTEXT)
    assert is_unreadable(BOTH, text[: draw.draw(st.integers(0, len(text) - 1))], CONTEXT)
    assert is_unreadable(BOTH, binary[: draw.draw(st.integers(0, len(binary) - 1))], CONTEXT)
    assert is_unreadable(BOTH, text + "A", CONTEXT)
    assert is_unreadable(BOTH, binary + b"\0", CONTEXT)


@given(st.one_of(st.text(max_size=80), st.binary(max_size=80)))
def test_anything_else_is_unreadable_and_nothing_worse(noise: str | bytes) -> None:
    assert is_unreadable(BOTH, noise, CONTEXT)


def test_a_kid_renamed_to_another_key_of_the_ring_is_unreadable() -> None:
    assert is_unreadable(BOTH, BOTH.seal(b"x", CONTEXT).replace("v1.k2.", "v1.k1."), CONTEXT)


def test_two_names_of_one_key_are_still_two_keys() -> None:
    twins = Keyring.parse(f"a:{OLD},b:{OLD}")
    assert is_unreadable(twins, twins.seal(b"x", CONTEXT).replace("v1.a.", "v1.b."), CONTEXT)


def test_a_key_that_left_the_ring_opens_nothing() -> None:
    assert is_unreadable(AFTER, BEFORE.seal(b"x", CONTEXT), CONTEXT)


@given(plains, contexts)
def test_rotation_keeps_content_and_frees_the_old_key(plain: bytes, context: str) -> None:
    sealed = BEFORE.seal(plain, context)
    assert BOTH.kid_of(sealed) == "k1"
    assert BOTH.needs_rotation(sealed)
    rotated = BOTH.rotate(sealed, context)
    assert not BOTH.needs_rotation(rotated)
    assert AFTER.open(rotated, context) == plain
    assert BOTH.rotate(rotated, context) is rotated


def test_rotation_keeps_the_binary_form() -> None:
    rotated = BOTH.rotate(BEFORE.seal_binary(b"x", CONTEXT), CONTEXT)
    assert isinstance(rotated, bytes)
    assert AFTER.open(rotated, CONTEXT) == b"x"


def test_rotation_of_a_ciphertext_from_another_place_is_refused() -> None:
    with pytest.raises(Permanent):
        BOTH.rotate(BEFORE.seal(b"x", "application:1"), "application:2")


def test_the_binary_form_costs_30_bytes_and_the_kid() -> None:
    assert len(BOTH.seal_binary(b"x" * 1000, CONTEXT)) == 1000 + 30 + len("k2")


def test_the_first_key_seals() -> None:
    assert BOTH.first_kid == BOTH.kid_of(BOTH.seal(b"", CONTEXT)) == "k2"


def test_one_keyring_serves_many_threads() -> None:
    def round_trip(number: int) -> bool:
        plain, context = f"{number}".encode() * 500, f"application:{number}"
        return BOTH.open(BOTH.seal_binary(plain, context), context) == plain

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(round_trip, range(400)))


@pytest.mark.parametrize(
    "text, fault",
    [
        ("", "no key"),
        (" , ", "no key"),
        (OLD, "key 1: expected `kid:base64`"),
        (f"K1:{OLD}", "the kid is"),
        (f"k.1:{OLD}", "the kid is"),
        (f"{'k' * 17}:{OLD}", "the kid is"),
        (f"k1:{OLD},k1:{NEW}", "key 2: the kid k1 is there twice"),
        (f"k1:{base64.b64encode(b'short').decode()}", "key 1 (k1): expected base64 of 32 bytes"),
        ("k1:not base64 at all", "expected base64 of 32 bytes"),
    ],
)
def test_an_unusable_keyring_is_told_without_its_keys(text: str, fault: str) -> None:
    with pytest.raises(SettingsError) as caught:
        Keyring.parse(text)
    assert fault in str(caught.value)
    for key in (OLD, NEW, "not base64"):
        assert key[:12] not in str(caught.value)


def test_all_faults_of_a_keyring_are_told_together() -> None:
    with pytest.raises(SettingsError) as caught:
        Keyring.parse(f"nocolon,BAD:{OLD},k1:short")
    assert str(caught.value).count("\n") == 2


@pytest.mark.parametrize("spelling", [str, lambda key: key.rstrip("="), lambda key: f" {key} "])
def test_keys_may_be_padded_or_not(spelling: Callable[[str], str]) -> None:
    assert Hasher.parse(spelling(OLD)).hash("p", "v") == Hasher.parse(OLD).hash("p", "v")


def test_a_url_safe_key_is_the_same_key() -> None:
    key = bytes(range(224, 256))
    standard, url_safe = base64.b64encode(key), base64.urlsafe_b64encode(key)
    assert standard != url_safe
    sealed = Keyring.parse(f"k:{standard.decode()}").seal(b"x", CONTEXT)
    assert Keyring.parse(f"k:{url_safe.decode()}").open(sealed, CONTEXT) == b"x"


def test_neither_keyring_nor_hasher_shows_a_key() -> None:
    assert repr(BOTH) == "Keyring(k2, k1)"
    assert repr(HASHER) == "Hasher()"


@pytest.mark.parametrize("text", ["", "short", base64.b64encode(b"x" * 31).decode()])
def test_an_unusable_hashing_key_is_refused(text: str) -> None:
    with pytest.raises(SettingsError):
        Hasher.parse(text)


def test_the_hash_is_keyed_blake2b_of_the_purpose_and_the_value() -> None:
    message = b"\0\0\0\x08identity" + b"411324197803169974"
    expected = hashlib.blake2b(message, digest_size=18, key=bytes(32)).digest()
    hashed = Hasher(bytes(32)).hash("identity", "411324197803169974")
    assert base64.urlsafe_b64decode(hashed) == expected


@given(st.text(max_size=20), st.text(max_size=20), st.text(max_size=20), st.text(max_size=20))
def test_hashes_are_equal_only_for_the_same_purpose_and_value(
    a: str, b: str, c: str, d: str
) -> None:
    assert (HASHER.hash(a, b) == HASHER.hash(c, d)) == ((a, b) == (c, d))


def test_another_key_gives_unrelated_hashes() -> None:
    assert Hasher.parse(OLD).hash("p", "v") != Hasher.parse(NEW).hash("p", "v")


def test_a_hash_is_24_url_safe_characters() -> None:
    assert re.fullmatch(r"[A-Za-z0-9_-]{24}", HASHER.hash("identity", "赵铁柱"))


def test_query_codes_use_only_characters_that_cannot_be_confused() -> None:
    drawn = {CODES.draw() for _ in range(500)}
    assert len(drawn) == 500
    assert all(re.fullmatch(r"[2-9A-HJKMNP-Z]{8}", code) for code in drawn)
    assert set("".join(drawn)) == set(QueryCodes.ALPHABET)


@pytest.mark.parametrize(
    "typed",
    [
        "ABCD-EF23",
        "abcdef23",
        " abcd ef23 ",
        "ＡＢＣＤ－ＥＦ２３",
        "abcd—ef23",
        "ab cd\u3000ef\t23",
        "ABCD\u2212EF23",
        "ABCD\u30fcEF23",
        "abcd\u200bef23",
        "abcd_ef23",
    ],
)
def test_a_code_matches_however_it_is_typed(typed: str) -> None:
    assert CODES.matches(SERIAL, typed, CODES.hash(SERIAL, "ABCDEF23"))


@given(st.text(max_size=80))
def test_nothing_else_matches_a_code(typed: str) -> None:
    stored = CODES.hash(SERIAL, "ABCDEF23")
    assert CODES.matches(SERIAL, typed, stored) == (CODES.normalise(typed) == "ABCDEF23")


@pytest.mark.parametrize("typed", ["", "\ud800", "ABCDEF2", "ABCDEF233", "A" * 100_000])
def test_a_hostile_code_is_merely_wrong(typed: str) -> None:
    assert not CODES.matches(SERIAL, typed, CODES.hash(SERIAL, "ABCDEF23"))


def test_a_code_is_good_for_its_own_serial_number_only() -> None:
    assert not CODES.matches(OTHER_SERIAL, "ABCDEF23", CODES.hash(SERIAL, "ABCDEF23"))


def test_codes_are_shown_in_two_groups() -> None:
    assert QueryCodes.grouped("ABCDEF23") == "ABCD-EF23"


@pytest.mark.parametrize(
    "typed", ["0011", "００１１", "13800000011", "138 0000 0011", "+86-138-0000-0011"]
)
def test_the_last_four_digits_are_enough(typed: str) -> None:
    assert phone_last4_hash(HASHER, SERIAL, typed) == phone_last4_hash(
        HASHER, SERIAL, "13800000011"
    )


def test_last_four_hashes_are_bound_to_the_serial_number() -> None:
    assert phone_last4_hash(HASHER, SERIAL, "0011") != phone_last4_hash(
        HASHER, OTHER_SERIAL, "0011"
    )


@pytest.mark.parametrize("typed", ["", "001", "phone"])
def test_fewer_than_four_digits_have_no_hash(typed: str) -> None:
    assert phone_last4_hash(HASHER, SERIAL, typed) is None


def test_an_identity_number_is_the_same_however_its_letter_is_written() -> None:
    hashed = identity_hash(HASHER, "34012319860209998X")
    assert identity_hash(HASHER, " 34012319860209998x ") == hashed
    assert identity_hash(HASHER, "３４０１２３１９８６０２０９９９８Ｘ") == hashed
    assert HASHER.hash("identity", "34012319860209998X") == hashed
