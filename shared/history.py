"""A case's history as a chain: each event carries the hash of the one before.

Whoever holds a receipt or a document holds a hash of the chain; changing anything told before it
changes that hash. What is hashed is the event without its trace, its data as a hash of their own,
so that a history can be shown and verified without what is not meant for the reader.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, Final

import orjson

LINKED: Final = ("id", "type", "source", "subject", "time", "sequence", "division")
"""Attributes of an event (as in its CloudEvent) that its hash covers beside data and predecessor."""


def data_hash(data: Mapping[str, Any]) -> str:
    """SHA-256 of the data as JSON with sorted keys and no spaces, in hexadecimal."""
    return hashlib.sha256(orjson.dumps(data, option=orjson.OPT_SORT_KEYS)).hexdigest()


def link_hash(event: Mapping[str, Any], data: str, previous: str) -> str:
    """SHA-256 that an event has in the chain: of its LINKED attributes, the hash of its data and
    the hash of the event before ("" at the beginning).
    """
    linked = {name: event[name] for name in LINKED}
    linked |= {"data_hash": data, "previous_hash": previous}
    return hashlib.sha256(orjson.dumps(linked, option=orjson.OPT_SORT_KEYS)).hexdigest()
