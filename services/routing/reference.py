"""Invented organisations and mediators for the whole country, for development and demonstrations.

The same seed gives the same documents on every machine and Python. One body for every province,
city and county, women workers' rights stations, some townships. All persons are invented, names of
bodies end with （演示）, telephone numbers begin with 000, which is no area code. Hong Kong and Macao
have none: the mainland's mediation law does not apply there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from hashlib import blake2b
from random import Random
from typing import Any, Literal, NamedTuple

from services.routing.assigning import WOMEN_WORKERS_STATION
from services.routing.directory import Mediator, Organisation, Rota
from services.routing.number_wording import prefixes
from shared.contracts.vocabulary import CATEGORIES
from shared.divisions import Division, chain, children, is_within


class Entry(NamedTuple):
    """One document and the collection it belongs to."""

    collection: Literal["organisations", "mediators"]
    document: dict[str, Any]


class _Body(NamedTuple):
    """How a kind of body is named, found in an id, and staffed (fewest, most mediators)."""

    kind: str
    title: str
    suffix: str
    staff: tuple[int, int]


_CENTRE = "劳动人事争议调解中心"
_CENTRES: Mapping[str, _Body] = {
    "province": _Body("province", _CENTRE, "", (8, 12)),
    "city": _Body("city", _CENTRE, "", (6, 12)),
    "county": _Body("county", _CENTRE, "", (3, 8)),
}
_STATION = _Body(WOMEN_WORKERS_STATION, "女职工劳动人事争议维权工作站", "-w", (3, 5))
_TOWNSHIP = _Body("township", "劳动争议调解组织", "", (1, 3))
_PEOPLES = _Body("peoples_mediation", "人民调解委员会", "", (2, 4))

_COUNTIES_WITH_STATION = 1 / 3
_TOWNSHIPS_WITH_BODY = 1 / 20
_PEOPLES_AMONG_TOWNSHIPS = 1 / 4

_OUTSIDE = ("81", "82")

_SURNAMES = (
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏"
    "薛叶阎余潘杜戴夏钟汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常"
)
_GIVEN = (
    "安柏宝诚承春达冬方飞峰光广桂国海涵禾和恒弘华焕慧吉佳嘉建健江洁杰今静景君俊凯可乐黎立莲良林玲"
    "凌岭龙路茂梅美铭培平齐琪启谦清庆秋泉然仁瑞若森善尚声胜石书淑舒顺思松素天田廷同维武溪贤向晓欣"
    "新秀旭轩学雪雅言砚燕阳尧业怡宜义银颖永勇友宇雨玉钰远月泽振之志中卓子"
)

_SPOKEN: Mapping[str, Mapping[str, float]] = {
    "": {"en": 0.06, "csl": 0.03},
    "11": {"en": 0.25, "fr": 0.02, "ja": 0.03},
    "15": {"mn": 0.4},
    "21": {"ko": 0.05, "ja": 0.05},
    "22": {"ko": 0.08},
    "2224": {"ko": 0.7},
    "23": {"ru": 0.06, "ko": 0.04},
    "31": {"en": 0.25, "ja": 0.04, "de": 0.02},
    "32": {"en": 0.12},
    "33": {"en": 0.12, "ar": 0.01},
    "35": {"nan": 0.5},
    "44": {"yue": 0.6, "en": 0.15},
    "4403": {"en": 0.35},
    "4405": {"nan": 0.6},
    "45": {"za": 0.25, "yue": 0.25, "vi": 0.03},
    "5132": {"bo": 0.5},
    "5133": {"bo": 0.7},
    "5134": {"ii": 0.5},
    "53": {"th": 0.02, "vi": 0.02},
    "5323": {"ii": 0.3},
    "5334": {"bo": 0.5},
    "54": {"bo": 0.8},
    "6230": {"bo": 0.5},
    "63": {"bo": 0.3},
    "6327": {"bo": 0.8},
    "65": {"ug": 0.5, "kk": 0.08},
    "6540": {"kk": 0.5},
    "6542": {"kk": 0.5},
    "6543": {"kk": 0.6},
}
"""Share of mediators who speak a language beside Mandarin, by the digits a place begins with."""


def generate(seed: int) -> Iterator[Entry]:
    """Every organisation followed by its mediators, province by province; 10 MiB in all."""
    taken: set[str] = set()
    for province in children(None):
        if not province.code.startswith(_OUTSIDE):
            for entry in _within(province, seed):
                yield _prefixed(entry, taken) if entry.collection == "organisations" else entry


def _prefixed(entry: Entry, taken: set[str]) -> Entry:
    """The organisation with a prefix of case numbers that none before it has; it is taken then."""
    document = entry.document
    candidates = prefixes(document["kind"], document["division_code"])
    prefix = next(candidate for candidate in candidates if candidate not in taken)
    taken.add(prefix)
    return Entry(entry.collection, {**document, "case_number_prefix": prefix})


def _within(division: Division, seed: int) -> Iterator[Entry]:
    """The bodies of a division and of all that lies in it."""
    for body in _bodies(division, seed):
        yield from _staffed(division, body, seed)
    for below in children(division.code):
        yield from _within(below, seed)


def _bodies(division: Division, seed: int) -> Iterator[_Body]:
    if division.level == "township":
        if _lot(seed, division.code, "body") < _TOWNSHIPS_WITH_BODY:
            is_peoples = _lot(seed, division.code, "kind") < _PEOPLES_AMONG_TOWNSHIPS
            yield _PEOPLES if is_peoples else _TOWNSHIP
        return
    yield _CENTRES[division.level]
    if division.level != "county" or _lot(seed, division.code, "station") < _COUNTIES_WITH_STATION:
        yield _STATION


def _lot(seed: int, code: str, question: str) -> float:
    """A number from 0 to 1 drawn for one question about one place."""
    digest = blake2b(f"{seed}:{code}:{question}".encode(), digest_size=4).digest()
    return int.from_bytes(digest) / 2**32


def _staffed(division: Division, body: _Body, seed: int) -> Iterator[Entry]:
    """One body and its mediators; drawn apart from all others, so that none depends on the rest."""
    key = division.code + body.suffix
    random = Random(f"{seed}:{key}")  # noqa: S311 - reproducible invention, nothing secret
    staff = [
        _mediator(key, number, division.code, body, random)
        for number in range(1, random.randint(*body.staff) + 1)
    ]
    place = _place(division)
    organisation = Organisation(
        id=f"org-{key}",
        kind=body.kind,
        name=f"{place}{body.title}（演示）",
        phone=f"000-{'1' if body is _STATION else '0'}{division.code:0>9}",
        divisions=(division.code,),
        capacity=sum(m.capacity for m in staff),
    )
    address = f"{place}便民服务中心劳动人事争议调解窗口（演示地址）"
    yield Entry("organisations", {**organisation.to_document(), "address": address})
    for mediator in staff:
        yield Entry("mediators", mediator.to_document())


def _mediator(key: str, number: int, code: str, body: _Body, random: Random) -> Mediator:
    return Mediator(
        id=f"med-{key}-{number:02d}",
        organisation=f"org-{key}",
        name=_person(random),
        capacity=random.randrange(15, 45, 5),
        rota=_rota(number, random),
        specialisms=_specialisms(body, random),
        languages=_languages(code, random),
    )


def _person(random: Random) -> str:
    """A name from surname and given name, both drawn: any likeness is chance."""
    given = random.sample(_GIVEN, 2 if _chance(random, 0.7) else 1)
    return random.choice(_SURNAMES) + "".join(given)


def _rota(number: int, random: Random) -> Rota:
    """The first of a body is on call, so that nights and weekends have somebody; a quarter of the
    others too, the rest are stationed two to four days a week, one of them perhaps a Saturday.
    """
    if number == 1 or _chance(random, 0.25):
        return Rota("on_call")
    days = random.sample(range(1, 6), random.randint(2, 4))
    if _chance(random, 0.1):
        days[0] = 6
    return Rota("stationed", frozenset(days))


def _specialisms(body: _Body, random: Random) -> frozenset[str]:
    """One to three categories, half of all mediators knowing pay and injury; at a women workers'
    station nearly all know women workers' rights and many psychological support.
    """
    station = body is _STATION
    known = set(random.sample(sorted(CATEGORIES), random.randint(1, 3)))
    if _chance(random, 0.5):
        known.add("pay_injury_compensation")
    if _chance(random, 0.9 if station else 0.15):
        known.add("women_workers")
    if _chance(random, 0.4 if station else 0.1):
        known.add("psychological_support")
    return frozenset(known)


def _languages(code: str, random: Random) -> frozenset[str]:
    shares: dict[str, float] = {}
    for place, spoken in _SPOKEN.items():
        if not place or is_within(code, place):
            shares |= spoken
    return frozenset({"zh", *(name for name, share in shares.items() if _chance(random, share))})


def _chance(random: Random, share: float) -> bool:
    return random.random() < share


def _place(division: Division) -> str:
    """The place as bodies are named after it: 济南市历下区, 北京市朝阳区, 山东省."""
    lineage = chain(division.code)
    if len(lineage) > 1 and not lineage[-1].short_name.endswith("市"):
        lineage = lineage[:-1]
    return "".join(d.short_name for d in reversed(lineage))
