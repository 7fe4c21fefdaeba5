"""Who mediates a case: the rules, as pure functions of the case and a snapshot of the directory.

First the body: the nearest that serves the place, township → county → city → province; for women
workers the nearest women workers' rights station. Then the person within it:

1. never someone inactive, on leave, of another place, full, refused by a party or with an interest
   in the case (relative, employee or adviser of a party);
2. those who speak the language a party needs, if there are any;
3. those on the rota now, else those whose turn comes next;
4. those who fit best (women workers, psychological support, category);
5. the least loaded, then who has waited longest, then the lower id.

Steps 2 to 4 narrow the choice and never empty it. The same snapshot gives the same answer whatever
its order. Reasons and alternatives: docs/decisions/0007-assigning.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta, timezone

from services.routing.directory import (
    Assignment,
    CaseFacts,
    Mediator,
    Organisation,
    Rota,
    Snapshot,
)
from shared.civil_time import civil_day
from shared.divisions import prefix
from shared.errors import Refused, Text

WOMEN_WORKERS_STATION = "women_workers_station"

CHOSEN_BY_HAND: frozenset[str] = frozenset({"enterprise_committee", "industry"})
"""Kinds that serve certain employers only: a case does not say which, so a person decides."""

REASONS: Mapping[str, Text] = {
    "township_organisation": Text(
        "乡镇、街道调解组织管辖", "A body of the township serves the place"
    ),
    "county_organisation": Text("县（区）调解组织管辖", "A body of the county serves the place"),
    "city_organisation": Text("市级调解组织管辖", "A body of the city serves the place"),
    "province_organisation": Text("省级调解组织管辖", "A body of the province serves the place"),
    "women_workers_station": Text("女职工维权工作站优先", "Women workers' rights station"),
    "no_women_workers_station": Text(
        "当地及上级均无女职工维权工作站", "No women workers' rights station serves the place"
    ),
    "no_organisation": Text("没有调解组织管辖该地区", "No organisation serves the place"),
    "no_eligible_mediator": Text(
        "该组织暂无可指派的调解员", "No mediator of the organisation can take the case now"
    ),
    "on_duty": Text("当值", "On duty"),
    "next_on_duty": Text("无人当值，由最近当值者承办", "Nobody is on duty, the next who will be"),
    "speaks_language": Text("通晓所需语言", "Speaks the language needed"),
    "interpreter_to_arrange": Text("需另行安排翻译", "An interpreter has to be arranged"),
    "women_workers": Text("擅长女职工维权", "Specialised in women workers' rights"),
    "psychological_support": Text("擅长心理疏导", "Trained in psychological support"),
    "category": Text("擅长该类争议", "Specialised in this kind of dispute"),
    "least_loaded": Text("在办案件负荷最低", "Least loaded of those who fit"),
    "applicant_chooses": Text("由申请人选择调解员", "The applicant chooses the mediator"),
    "chosen_by_applicant": Text("申请人选定", "Chosen by the applicant"),
    "choice_unavailable": Text(
        "申请人选定的调解员已无法承办", "The mediator chosen can no longer take the case"
    ),
    "no_choice_in_time": Text("申请人逾期未选择", "The applicant did not choose in time"),
}
"""Why a case went where it went, in words for administrators and the audit."""

OFFICE_CLOSES = 17
"""Hour (China time) from which a case counts for the next day of a stationed mediator."""

PARTY_REFUSED = Text("当事人已要求该调解员回避", "A party has refused this mediator")

PROPOSED = 3
"""Mediators proposed where the applicant chooses."""

_CHINA = timezone(timedelta(hours=8))
_LEVEL_REASONS = {9: "township", 6: "county", 4: "city", 2: "province"}
_NEVER = datetime.min.replace(tzinfo=UTC)


def serving_codes(division: str) -> tuple[str, ...]:
    """Codes under which an organisation may serve the place, nearest first.

    From the digits alone, so that a code abolished or created since still finds its city.
    """
    digits = prefix(division)
    lengths = [n for n in (9, 6, 4, 2) if n <= len(digits)]
    return tuple(dict.fromkeys(digits[:n].ljust(6, "0") for n in lengths))


def assign(case: CaseFacts, snapshot: Snapshot, on: datetime) -> Assignment:
    """The body and the person for the case at the moment `on` (aware), with the reasons.

    Among bodies of the nearest level the first with an eligible mediator has it. If none has one,
    the best of them keeps the case for its administrator: a farther body is not tried, because
    being full or conflicted for a day is no reason to send the parties to another place.
    """
    bodies = nearest(case, snapshot.serving(serving_codes(case.division)))
    found: Assignment | None = None
    for body in bodies:
        tried = assign_within(case, body, snapshot.staff.get(body.id, ()), on)
        if tried.mediator or tried.choices:
            return tried
        found = found or tried
    return found or Assignment(None, None, ("no_organisation",))


def assign_within(
    case: CaseFacts, body: Organisation, mediators: Sequence[Mediator], on: datetime
) -> Assignment:
    """The person of this body for the case, or those among whom the applicant chooses where the
    body offers that and there are several; neither if nobody may take it.
    """
    best = fittest(case, body, mediators, on, PROPOSED if body.offers_choice else 1)
    reasons = _body_reasons(case, body)
    if not best:
        return Assignment(body, None, (*reasons, "no_eligible_mediator"))
    if len(best) > 1:
        return Assignment(body, None, (*reasons, "applicant_chooses"), best)
    return Assignment(body, best[0], (*reasons, *mediator_reasons(case, best[0], on)))


def fittest(
    case: CaseFacts, body: Organisation, mediators: Sequence[Mediator], on: datetime, most: int
) -> tuple[Mediator, ...]:
    """Up to `most` mediators of the body in the order in which the rules would choose them."""
    left, found = list(mediators), list[Mediator]()
    while len(found) < most and (best := choose_mediator(case, body, left, on)):
        found.append(best)
        left.remove(best)
    return tuple(found)


def choose_organisation(
    case: CaseFacts, organisations: Iterable[Organisation]
) -> Organisation | None:
    """The least loaded body of the nearest level that serves the case; None when none does."""
    bodies = nearest(case, organisations)
    return bodies[0] if bodies else None


def choose_mediator(
    case: CaseFacts, organisation: Organisation, mediators: Iterable[Mediator], on: datetime
) -> Mediator | None:
    """The mediator of this body for the case at the moment `on`; None when nobody may take it."""
    pool = [m for m in mediators if m.organisation == organisation.id and _eligible(case, m, on)]
    if not pool:
        return None
    if case.interpreter_language:
        pool = [m for m in pool if case.interpreter_language in m.languages] or pool
    soonest = min(days_to_duty(m.rota, on) for m in pool)
    pool = [m for m in pool if days_to_duty(m.rota, on) == soonest]
    best = max(fitness(case, m) for m in pool)
    pool = [m for m in pool if fitness(case, m) == best]
    return min(pool, key=lambda m: (m.load, m.last_assigned_at or _NEVER, m.id))


def fitness(case: CaseFacts, mediator: Mediator) -> tuple[bool, ...]:
    """How well the mediator's specialisms meet the case, greater is better: first women workers,
    then psychological support, then the category of the dispute.
    """
    return tuple(
        wanted in mediator.specialisms
        for wanted in (
            "women_workers" if "women_workers" in case.flags else "",
            "psychological_support" if "psychological_support" in case.flags else "",
            case.category,
        )
    )


def days_to_duty(rota: Rota, on: datetime) -> int:
    """Days until the mediator takes new cases, 0 for now; 8 for a rota that names no day.

    Public holidays are not looked at: a stationed mediator takes up the case on return.
    """
    if rota.kind == "on_call":
        return 0
    now = on.astimezone(_CHINA)
    first = 1 if now.hour >= OFFICE_CLOSES else 0
    weekday = now.isoweekday() + first
    return min((first + (day - weekday) % 7 for day in rota.weekdays), default=8)


def mediator_reasons(case: CaseFacts, mediator: Mediator, on: datetime) -> tuple[str, ...]:
    """Why this mediator: codes of REASONS, in the order of the rules."""
    reasons = []
    if language := case.interpreter_language:
        spoken = language in mediator.languages
        reasons.append("speaks_language" if spoken else "interpreter_to_arrange")
    reasons.append("next_on_duty" if days_to_duty(mediator.rota, on) else "on_duty")
    wants = ("women_workers", "psychological_support", "category")
    reasons += [want for want, met in zip(wants, fitness(case, mediator), strict=True) if met]
    return (*reasons, "least_loaded")


def check_organisation(case: CaseFacts, organisation: Organisation) -> None:
    """Raise Refused("not_eligible") if even an administrator may not give the case to this body.

    Load does not matter, nor the nearest level; a case no body serves may go to any.
    """
    if not organisation.active:
        raise _refused("该调解组织已停用", "The organisation is not active")
    if not _takes(case, organisation):
        raise _refused("该调解组织不受理此类争议", "The organisation does not take such disputes")
    if not case.unassigned and _level(case, organisation) is None:
        raise _refused("该调解组织不管辖案件所在地区", "The organisation does not serve the place")


def check_mediator(case: CaseFacts, organisation_id: str, mediator: Mediator) -> None:
    """Raise Refused if even an administrator may not give the case to this person.

    "capacity_exceeded" for a full one, else "not_eligible". Rota, specialisms and the mediator's
    own divisions guide the rules only: the administrator knows who can go where.
    """
    if mediator.organisation != organisation_id:
        raise _refused("该调解员不属于承办组织", "The mediator belongs to another organisation")
    if not mediator.active:
        raise _refused("该调解员已停用", "The mediator is not active")
    if mediator.id in case.refused_mediators:
        raise Refused("not_eligible", PARTY_REFUSED)
    if mediator.conflicts & case.party_hashes:
        raise _refused(
            "该调解员与当事人有利害关系，应当回避", "The mediator has an interest in the case"
        )
    if not mediator.has_capacity:
        raise Refused("capacity_exceeded")


def nearest(case: CaseFacts, organisations: Iterable[Organisation]) -> list[Organisation]:
    """The bodies of the nearest level, least loaded first: stations for women workers if any."""
    served = [
        (level, o)
        for o in organisations
        if o.active and o.kind not in CHOSEN_BY_HAND and _takes(case, o)
        if (level := _level(case, o)) is not None
    ]
    stations = [(level, o) for level, o in served if o.kind == WOMEN_WORKERS_STATION]
    candidates = stations or served
    nearest = min((level for level, _ in candidates), default=0)
    bodies = [o for level, o in candidates if level == nearest]
    return sorted(bodies, key=lambda o: (o.load, o.open_cases, o.id))


def _takes(case: CaseFacts, organisation: Organisation) -> bool:
    """Whether the body takes such cases; a women workers' rights station takes theirs alone."""
    if organisation.kind == WOMEN_WORKERS_STATION and "women_workers" not in case.flags:
        return False
    return not organisation.categories or case.category in organisation.categories


def _level(case: CaseFacts, organisation: Organisation) -> int | None:
    """How far the body is: the place in `serving_codes` of the first it serves, None for none."""
    return _first_served(case.division, organisation.divisions)


def _first_served(division: str, served: Sequence[str]) -> int | None:
    for distance, code in enumerate(serving_codes(division)):
        if code in served:
            return distance
    return None


def _eligible(case: CaseFacts, mediator: Mediator, on: datetime) -> bool:
    return (
        mediator.active
        and not mediator.is_away(civil_day(on))
        and mediator.has_capacity
        and mediator.id not in case.refused_mediators
        and not (mediator.conflicts & case.party_hashes)
        and (not mediator.divisions or _first_served(case.division, mediator.divisions) is not None)
    )


def _body_reasons(case: CaseFacts, body: Organisation) -> tuple[str, ...]:
    distance = _level(case, body) or 0
    length = len(prefix(serving_codes(case.division)[distance]))
    reasons = (f"{_LEVEL_REASONS[length]}_organisation",)
    if "women_workers" not in case.flags:
        return reasons
    is_station = body.kind == WOMEN_WORKERS_STATION
    return (*reasons, "women_workers_station" if is_station else "no_women_workers_station")


def _refused(zh: str, en: str) -> Refused:
    return Refused("not_eligible", Text(zh, en))
