"""What the assigning rules know: the case, the organisations and the mediators at one moment.

Plain values, read from documents and written to them; the rules in `assigning` take nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Literal, NamedTuple

from services.routing.languages import language_code


@dataclass(frozen=True, slots=True)
class CaseFacts:
    """What the choice of a body and a person depends on; no personal data.

    `division` is the most exact code known, of a township or a county. `party_hashes` are the keyed
    hashes of all parties and agents, `refused_mediators` ids of those a party refused. `unassigned`
    tells that no organisation serves the place and the platform administrator decides.
    """

    division: str
    category: str
    flags: frozenset[str] = frozenset()
    interpreter_language: str | None = None
    party_hashes: frozenset[str] = frozenset()
    refused_mediators: frozenset[str] = frozenset()
    unassigned: bool = False

    @classmethod
    def from_document(cls, case: Mapping[str, Any]) -> CaseFacts:
        language = case.get("interpreter_language")
        return cls(
            division=case["division_code"],
            category=case["category"],
            flags=frozenset(case["flags"]),
            interpreter_language=language_code(language) if language else None,
            party_hashes=frozenset(case["party_hashes"]),
            refused_mediators=frozenset(case.get("refused_mediators", ())),
            unassigned=case["status"] == "unassigned",
        )


@dataclass(frozen=True, slots=True)
class Organisation:
    """A body that mediates. It serves exactly the divisions listed and all that lies in them;
    empty `categories` means all. `capacity` is the sum of its mediators' and only compares loads.
    With `offers_choice` applicants choose among mediators proposed; `case_number_prefix` begins the
    numbers of the cases it accepts (济历劳人调), None until one is stated or the first is given.
    """

    id: str
    kind: str
    name: str
    phone: str
    divisions: tuple[str, ...]
    categories: frozenset[str] = frozenset()
    active: bool = True
    capacity: int = 0
    open_cases: int = 0
    offers_choice: bool = False
    case_number_prefix: str | None = None

    @property
    def load(self) -> float:
        """Open cases per place; a body with no place left to give counts as infinitely loaded."""
        return _load(self.open_cases, self.capacity)

    @property
    def ref(self) -> dict[str, Any]:
        """How events and cases name it (OrganisationRef)."""
        return {"id": self.id, "name": self.name, "kind": self.kind, "phone": self.phone}

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Organisation:
        return cls(
            id=document["_id"],
            kind=document["kind"],
            name=document["name"],
            phone=document["phone"],
            divisions=tuple(document["divisions"]),
            categories=frozenset(document["categories"]),
            active=document["active"],
            capacity=document.get("capacity", 0),
            open_cases=document.get("open_cases", 0),
            offers_choice=document.get("offers_choice", False),
            case_number_prefix=document.get("case_number_prefix"),
        )

    def to_document(self) -> dict[str, Any]:
        """`division_code`, the first it serves, is where its events are published."""
        return {
            "_id": self.id,
            "kind": self.kind,
            "name": self.name,
            "phone": self.phone,
            "division_code": self.divisions[0] if self.divisions else "",
            "divisions": list(self.divisions),
            "categories": sorted(self.categories),
            "active": self.active,
            "capacity": self.capacity,
            "open_cases": self.open_cases,
            "offers_choice": self.offers_choice,
            "case_number_prefix": self.case_number_prefix,
        }


@dataclass(frozen=True, slots=True)
class Rota:
    """When a mediator takes new cases: `stationed` (轮驻) on these weekdays (ISO, Monday is 1) in
    office hours, `on_call` (随叫随到) at any time.
    """

    kind: Literal["stationed", "on_call"]
    weekdays: frozenset[int] = frozenset()


class Leave(NamedTuple):
    """Civil days of the mainland, the first and the last included."""

    first: date
    last: date


@dataclass(frozen=True, slots=True)
class Mediator:
    """A mediator of one organisation. Empty `divisions` means all of the organisation's.

    `specialisms` are dispute categories, `women_workers` and `psychological_support`; `conflicts`
    keyed hashes of persons and employers of whom the mediator is a relative, employee or adviser.
    `capacity` is the most open cases at a time. Who is on `leave` takes no new cases.
    """

    id: str
    organisation: str
    name: str
    capacity: int
    rota: Rota
    divisions: tuple[str, ...] = ()
    specialisms: frozenset[str] = frozenset()
    languages: frozenset[str] = frozenset({"zh"})
    conflicts: frozenset[str] = frozenset()
    active: bool = True
    open_cases: int = 0
    last_assigned_at: datetime | None = None
    leave: tuple[Leave, ...] = ()

    @property
    def load(self) -> float:
        return _load(self.open_cases, self.capacity)

    @property
    def has_capacity(self) -> bool:
        return self.open_cases < self.capacity

    def is_away(self, on: date) -> bool:
        """Whether the mediator is on leave on this civil day."""
        return any(leave.first <= on <= leave.last for leave in self.leave)

    @property
    def ref(self) -> dict[str, Any]:
        """How events and cases name the mediator (MediatorRef)."""
        return {"id": self.id, "name": self.name}

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Mediator:
        rota = document["rota"]
        return cls(
            id=document["_id"],
            organisation=document["organisation"],
            name=document["name"],
            capacity=document["capacity"],
            rota=Rota(rota["kind"], frozenset(rota.get("weekdays", ()))),
            divisions=tuple(document["divisions"]),
            specialisms=frozenset(document["specialisms"]),
            languages=frozenset(document["languages"]),
            conflicts=frozenset(document["conflicts"]),
            active=document["active"],
            open_cases=document.get("open_cases", 0),
            last_assigned_at=document.get("last_assigned_at"),
            leave=tuple(
                Leave(date.fromisoformat(leave["from"]), date.fromisoformat(leave["until"]))
                for leave in document.get("leave", ())
            ),
        )

    def to_document(self) -> dict[str, Any]:
        return {
            "_id": self.id,
            "organisation": self.organisation,
            "name": self.name,
            "capacity": self.capacity,
            "rota": {"kind": self.rota.kind, "weekdays": sorted(self.rota.weekdays)},
            "divisions": list(self.divisions),
            "specialisms": sorted(self.specialisms),
            "languages": sorted(self.languages),
            "conflicts": sorted(self.conflicts),
            "active": self.active,
            "open_cases": self.open_cases,
            "last_assigned_at": self.last_assigned_at,
            "leave": [
                {"from": leave.first.isoformat(), "until": leave.last.isoformat()}
                for leave in self.leave
            ],
        }


@dataclass(frozen=True, slots=True)
class Assignment:
    """The outcome of the rules: who has the case, and why (codes of `assigning.REASONS`); `choices`
    are the mediators among whom the applicant is to choose, the fittest first."""

    organisation: Organisation | None
    mediator: Mediator | None
    reasons: tuple[str, ...]
    choices: tuple[Mediator, ...] = ()


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The directory at one moment: at least the organisations that serve the cases' divisions at
    any level (`assigning.serving_codes`) and all their mediators.
    """

    by_id: Mapping[str, Organisation]
    by_division: Mapping[str, Sequence[str]]
    staff: Mapping[str, Sequence[Mediator]]

    @classmethod
    def of(cls, organisations: Iterable[Organisation], mediators: Iterable[Mediator]) -> Snapshot:
        by_id = {o.id: o for o in organisations}
        by_division: dict[str, list[str]] = {}
        for organisation in by_id.values():
            for code in organisation.divisions:
                by_division.setdefault(code, []).append(organisation.id)
        staff: dict[str, list[Mediator]] = {}
        for mediator in mediators:
            staff.setdefault(mediator.organisation, []).append(mediator)
        return cls(by_id, by_division, staff)

    def serving(self, codes: Iterable[str]) -> list[Organisation]:
        """The organisations that serve any of these divisions, each once."""
        ids = dict.fromkeys(found for code in codes for found in self.by_division.get(code, ()))
        return [self.by_id[found] for found in ids]

    def after(self, assignment: Assignment, at: datetime) -> Snapshot:
        """The directory once the case is theirs: so a batch of cases spreads as single ones do."""
        body, person = assignment.organisation, assignment.mediator
        if body is None:
            return self
        by_id = {**self.by_id, body.id: replace(body, open_cases=body.open_cases + 1)}
        if person is None:
            return Snapshot(by_id, self.by_division, self.staff)
        busier = replace(person, open_cases=person.open_cases + 1, last_assigned_at=at)
        staff = [busier if m.id == person.id else m for m in self.staff[body.id]]
        return Snapshot(by_id, self.by_division, {**self.staff, body.id: staff})


def _load(open_cases: int, capacity: int) -> float:
    return open_cases / capacity if capacity > 0 else float("inf")
