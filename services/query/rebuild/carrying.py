"""What of a served document is written to its shadow, where nobody told it again: pure.

The served document is taken apart into the very writes that made it (shared.decision): what is set
once, what only grows, what only falls. Of what was told again nothing is replaced.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from shared.decision import Latest, Upsert, Write

Document = Mapping[str, Any]

_NESTED: Final = ("steps", "history", "newest", "facts")
_EARLIEST: Final = ("consent_sought_at",)
_NEWEST: Final = ("newest.", "facts.")
"""Where documents stand of which the one with the highest sequence stays."""


def of(collection: str, served: Document, told: Document) -> Write:
    """What makes the shadow know all that the served document does; `told` is {} without one."""
    if collection == "progress":
        return _of_progress(served, told)
    entry = {name: value for name, value in served.items() if name not in ("_id", "sequence")}
    return Latest(served["_id"], served["sequence"], entry)


def _of_progress(served: Document, told: Document) -> Upsert:
    sets: dict[str, Any] = {}
    greatest: dict[str, Any] = {}
    least: dict[str, Any] = {}
    known = _flat(told)
    for path, value in _flat(served).items():
        if path in _EARLIEST or (path.startswith("facts.") and path.endswith("_day")):
            least[path] = value
        elif path.startswith(_NEWEST) and isinstance(value, Mapping):
            if path not in known or value["sequence"] > known[path]["sequence"]:
                greatest[path] = value
        elif path not in known:
            sets[path] = value
    return Upsert(served["_id"], sets, max=greatest, min=least)


def _flat(document: Document) -> dict[str, Any]:
    """The paths that projections set, and their values."""
    paths: dict[str, Any] = {}
    for name, value in document.items():
        if name in _NESTED:
            paths |= {f"{name}.{key}": each for key, each in value.items()}
        elif name != "_id":
            paths[name] = value
    return paths
