"""A case's history as a chain: each event carries the hash of the one before.

Whoever holds a receipt or a document holds a hash of the chain; changing anything told before it
changes that hash. What is hashed is the event without its trace, its data as a hash of their own,
so that a history can be shown and verified without what is not meant for the reader. A random salt is
hashed before the data: who knows most of them could else try what is left until the hash agrees.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import orjson

LINKED: Final = ("id", "type", "source", "subject", "time", "sequence", "division")
"""Attributes of an event (as in its CloudEvent) that its hash covers beside data and predecessor."""


def new_salt() -> str:
    """128 random bits in hexadecimal."""
    return secrets.token_hex(16)


def data_hash(data: Mapping[str, Any], salt: str = "") -> str:
    """SHA-256 of the salt and the data as JSON with sorted keys and no spaces, in hexadecimal;
    events told before there was a salt have none."""
    told = salt.encode() + orjson.dumps(data, option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(told).hexdigest()


def link_hash(event: Mapping[str, Any], data: str, previous: str) -> str:
    """SHA-256 that an event has in the chain: of its LINKED attributes, the hash of its data and
    the hash of the event before ("" at the beginning).
    """
    linked = {name: event[name] for name in LINKED}
    linked |= {"data_hash": data, "previous_hash": previous}
    return hashlib.sha256(orjson.dumps(linked, option=orjson.OPT_SORT_KEYS)).hexdigest()


def breaks(chain: Sequence[Mapping[str, Any]], previous: str = "") -> Iterator[tuple[int, str]]:
    """Where a chain of events as exported does not hold: their places from 0, and what is wrong.

    `previous` is the hash that the chain begins after. Of an event {LINKED…, data_hash,
    previous_hash, hash, data, salt}; `data` may be null where it is not shown, and `salt` with it or
    where there is none. KeyError if one lacks any other.
    """
    for place, event in enumerate(chain):
        if event["sequence"] != str(place + 1):
            yield place, f"its number is {event['sequence']}, {place + 1} was due"
        if event["previous_hash"] != previous:
            yield place, "it does not follow the event before"
        data, salt = event["data"], event.get("salt") or ""
        if data is not None and data_hash(data, salt) != event["data_hash"]:
            yield place, "its data are not those that were hashed"
        if data is None and salt:
            yield place, "it has the salt of data that it does not show"
        if link_hash(event, event["data_hash"], event["previous_hash"]) != event["hash"]:
            yield place, "it is not what was hashed"
        previous = event["hash"]
