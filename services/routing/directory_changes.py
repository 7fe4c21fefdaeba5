"""What stated entries make of the directory: pure, from validated bodies to values and decisions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from services.routing.directory import Mediator, Organisation, Rota
from services.routing.domain import directory_entry
from shared.contracts.envelope import NewEvent
from shared.decision import NOTHING, Decision, State


def organisation_entry(stated: Mapping[str, Any], key: str) -> dict[str, Any]:
    """The document of a new organisation, see domain.register_organisation."""
    organisation = Organisation(
        id=key,
        kind=stated["kind"],
        name=stated["name"],
        phone=stated["phone"],
        divisions=_each_once(stated["divisions"]),
        categories=frozenset(stated.get("categories") or ()),
        active=stated.get("active") is not False,
        offers_choice=bool(stated.get("offers_choice")),
        case_number_prefix=stated.get("case_number_prefix"),
    )
    return {**organisation.to_document(), "address": stated["address"]}


def change_organisation(state: State, stated: Mapping[str, Any]) -> Decision:
    """The entry with what was stated, told as a whole; nothing if that is how it is already."""
    wanted = dict(stated)
    if "divisions" in wanted:
        wanted["divisions"] = list(_each_once(wanted["divisions"]))
        wanted["division_code"] = wanted["divisions"][0]
    if "categories" in wanted:
        wanted["categories"] = sorted(set(wanted["categories"]))
    new = {name: value for name, value in wanted.items() if state.get(name) != value}
    if not new:
        return NOTHING
    return Decision(
        new, events=[NewEvent("organisation.changed", directory_entry({**state, **new}))]
    )


def new_mediator(
    stated: Mapping[str, Any], key: str, organisation: str, conflicts: Iterable[str]
) -> Mediator:
    """A mediator of the organisation, on call unless stated; `conflicts` are keyed hashes."""
    return Mediator(
        id=key,
        organisation=organisation,
        name=stated["name"],
        capacity=stated["capacity"],
        rota=rota_of(stated.get("rota") or {"kind": "on_call"}),
        divisions=_each_once(stated.get("divisions") or ()),
        specialisms=frozenset(stated.get("specialisms") or ()),
        languages=frozenset(stated.get("languages") or ("zh",)),
        conflicts=frozenset(conflicts),
        active=stated.get("active") is not False,
    )


def change_mediator(
    mediator: Mediator, stated: Mapping[str, Any], joined: Iterable[str], ended: Iterable[str]
) -> dict[str, Any]:
    """The fields that are different now; hashes of conflicts that `joined` and `ended`."""
    wanted = {n: stated[n] for n in ("name", "capacity", "active") if n in stated}
    if "divisions" in stated:
        wanted["divisions"] = list(_each_once(stated["divisions"]))
    for name in ("specialisms", "languages"):
        if name in stated:
            wanted[name] = sorted(set(stated[name]))
    wanted["conflicts"] = sorted((mediator.conflicts - set(ended)) | set(joined))
    now = mediator.to_document()
    return {name: value for name, value in wanted.items() if now[name] != value}


def rota_of(stated: Mapping[str, Any]) -> Rota:
    return Rota(stated["kind"], frozenset(stated.get("weekdays") or ()))


def _each_once(codes: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(codes))
