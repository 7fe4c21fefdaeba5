"""The directory over HTTP, for administrators: organisations, mediators, rota."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from services.routing import answers, asked
from services.routing.assigning import serving_codes
from services.routing.directory import Mediator, Organisation
from services.routing.directory_bodies import (
    MediatorChange,
    MediatorList,
    NewMediator,
    NewOrganisation,
    OrganisationChange,
    OrganisationList,
    RotaEntry,
    RotaOf,
)
from services.routing.directory_changes import (
    change_mediator,
    change_organisation,
    new_mediator,
    organisation_entry,
    rota_of,
)
from services.routing.domain import register_organisation
from services.routing.presenting import mediator_view, organisation_view, rota_line
from services.routing.settings import RoutingSettings
from services.routing.store import Directory, new_organisation
from shared.access import Concerned
from shared.asking import caller, reachable, reached
from shared.civil_time import today
from shared.commands import carry_out
from shared.contracts.envelope import new_id
from shared.contracts.faults import fault
from shared.errors import FieldError, Refused, Text
from shared.sealing import Hasher, identity_hash
from shared.store import AlreadyExists, Document, VersionConflict, new_aggregate
from shared.web import Answer, Route

_OWN_FIELDS = frozenset({"phone", "address"})
"""What an organisation's administrator may change of its entry."""


@dataclass(frozen=True, slots=True)
class DirectoryDesk:
    """What the views work with; made once per process by `app`."""

    settings: RoutingSettings
    directory: Directory
    hasher: Hasher

    # --- organisations -----------------------------------------------------------------------

    def list_organisations(self) -> dict[str, Any]:
        wanted = asked.filters(OrganisationList())
        query = _within_reach()
        if "division" in wanted:
            query["divisions"] = {"$in": list(serving_codes(wanted["division"]))}
        found = self.directory.organisations_page(query, wanted.get("after", ""), self._more)
        page = found[: self.settings.page_size]
        return {"items": self._organisation_views(page), "next": self._next(found)}

    def read_organisation(self, organisation: str) -> Answer:
        return self._organisation_answer(self._organisation(organisation))

    def register(self) -> Answer:
        stated = asked.body(NewOrganisation())
        _require_reach(stated["divisions"])
        entry = organisation_entry(stated, stated.get("id") or f"org-{new_id()}")
        document = new_aggregate(
            entry["_id"],
            register_organisation(new_organisation(entry)),
            source="routing",
            division=entry["division_code"],
            at=datetime.now(UTC),
            trace=caller().trace,
        )
        try:
            self.directory.organisations.insert(document)
        except AlreadyExists as error:
            raise _taken(error.index) from None
        return self._organisation_answer(document, created=True)

    def change_organisation(self, organisation: str) -> Answer:
        document = self._organisation(organisation)
        asked.check_version(document["version"])
        stated = asked.body(OrganisationChange())
        if _own_organisation() and not stated.keys() <= _OWN_FIELDS:
            raise Refused("forbidden", _CONTACT_ONLY)
        _require_reach(stated.get("divisions", ()))
        try:
            after = carry_out(
                self.directory.organisations,
                organisation,
                lambda state, _: change_organisation(state, stated),
                source="routing",
                trace=caller().trace,
                expected_version=document["version"],
            )
        except AlreadyExists as error:
            raise _taken(error.index) from None
        return self._organisation_answer(after)

    # --- mediators ---------------------------------------------------------------------------

    def list_mediators(self) -> dict[str, Any]:
        wanted = asked.filters(MediatorList())
        organisation = self._organisation_meant(wanted)
        query = {"organisation": organisation} if organisation else {}
        found = self.directory.mediators_page(query, wanted.get("after", ""), self._more)
        page = found[: self.settings.page_size]
        return {"items": [mediator_view(m) for m in page], "next": self._next(found)}

    def read_mediator(self, mediator: str) -> Answer:
        return _mediator_answer(self._mediator(mediator))

    def add_mediator(self) -> Answer:
        stated = asked.body(NewMediator())
        organisation = self._organisation_stated(stated)
        key = stated.get("id") or f"med-{new_id()}"
        hashes = self._hashes(stated.get("conflicts"))
        try:
            self.directory.add_mediator(new_mediator(stated, key, organisation, hashes))
        except AlreadyExists:
            raise _taken() from None
        return _mediator_answer(self._mediator(key), created=True)

    def change_mediator(self, mediator: str) -> Answer:
        document = self._mediator(mediator)
        asked.check_version(document["version"])
        stated = asked.body(MediatorChange())
        joined = self._hashes(stated.get("conflicts"))
        ended = self._hashes(stated.get("ended_conflicts"))
        changes = change_mediator(Mediator.from_document(document), stated, joined, ended)
        return self._changed_mediator(document, changes)

    # --- rota --------------------------------------------------------------------------------

    def read_rota(self) -> dict[str, Any]:
        wanted = asked.filters(RotaOf())
        organisation = self._organisation_meant(wanted)
        if organisation is None:
            raise Refused("validation_failed", errors=[fault("required").at("/organisation")])
        on = date.fromisoformat(wanted["on"]) if "on" in wanted else today()
        staff = self.directory.mediators_page({"organisation": organisation}, "", _STAFF_SHOWN)
        return {
            "organisation": organisation,
            "on": on.isoformat(),
            "items": [rota_line(m, on) for m in staff if m["active"]],
        }

    def set_rota(self, mediator: str) -> Answer:
        document = self._mediator(mediator)
        asked.check_version(document["version"])
        rota = rota_of(asked.body(RotaEntry()))
        entry = {"kind": rota.kind, "weekdays": sorted(rota.weekdays)}
        return self._changed_mediator(
            document, {} if document["rota"] == entry else {"rota": entry}
        )

    # --- what one may see --------------------------------------------------------------------

    def _organisation(self, key: str) -> Document:
        """The organisation, if the caller may see it: what one may not see does not exist."""
        document = self.directory.organisations.read(key)
        if document is None or not reached(_concerned(document)):
            raise Refused("not_found")
        return document

    def _mediator(self, key: str) -> Document:
        document = self.directory.mediator_document(key)
        if document is None:
            raise Refused("not_found")
        body = self.directory.organisations.read(document["organisation"])
        if not reached(_concerned(body, mediator=key)):
            raise Refused("not_found")
        return document

    def _organisation_meant(self, wanted: Mapping[str, Any]) -> str | None:
        """The organisation asked about, which exists for the caller; None for all of them."""
        named = wanted.get("organisation") or _own_organisation()
        if named is None:
            if _within_reach():  # not all of them
                raise Refused("validation_failed", errors=[fault("required").at("/organisation")])
            return None
        found: str = self._organisation(named)["_id"]
        return found

    def _organisation_stated(self, stated: Mapping[str, Any]) -> str:
        """The organisation a new mediator joins, told at its field when it cannot be."""
        named = stated.get("organisation") or _own_organisation()
        if named is None:
            raise Refused("validation_failed", errors=[fault("required").at("/organisation")])
        try:
            found: str = self._organisation(named)["_id"]
        except Refused:
            raise Refused("validation_failed", errors=[_UNKNOWN_ORGANISATION]) from None
        return found

    # --- answers -----------------------------------------------------------------------------

    @property
    def _more(self) -> int:
        """One above a page tells whether another follows."""
        return self.settings.page_size + 1

    def _next(self, found: Sequence[Document]) -> str | None:
        size = self.settings.page_size
        return found[size - 1]["_id"] if len(found) > size else None

    def _organisation_views(self, documents: Iterable[Document]) -> list[dict[str, Any]]:
        documents = list(documents)
        snapshot = self.directory.snapshot(Organisation.from_document(d) for d in documents)
        return [
            organisation_view(d, snapshot.by_id[d["_id"]], snapshot.staff.get(d["_id"], ()))
            for d in documents
        ]

    def _organisation_answer(self, document: Document, *, created: bool = False) -> Answer:
        (view,) = self._organisation_views([document])
        return _answer(view, "/v1/organisations", created=created)

    def _changed_mediator(self, document: Document, changes: Mapping[str, Any]) -> Answer:
        if not changes:
            return _mediator_answer(document)
        key, version = document["_id"], document["version"]
        try:
            after = self.directory.change_mediator(key, version, {"$set": dict(changes)})
        except VersionConflict:
            raise asked.conflict(self._mediator(key)["version"]) from None
        return _mediator_answer(after)

    def _hashes(self, numbers: Sequence[str] | None) -> list[str]:
        return [identity_hash(self.hasher, number) for number in numbers or ()]


_STAFF_SHOWN = 1000
"""Mediators of one organisation that a rota shows at most."""

_CONTACT_ONLY = Text(
    "调解组织管理员只能修改本组织的电话和地址；其他内容请联系平台管理员",
    "An organisation's administrator changes its phone and address only",
)
_OTHER_DIVISIONS = Text(
    "服务地区超出您的管辖范围", "The organisation would serve places beyond your divisions"
)
_UNKNOWN_ORGANISATION = FieldError(
    "/organisation", "unknown_value", Text("没有这个编号", "There is no such id")
)


def _within_reach() -> Document:
    """The bodies that the caller may come to, as a query."""
    asked.principal()  # an administrator of no organisation is told so
    return reachable({"division": "division_code", "organisation": "_id"})


def _concerned(organisation: Document | None, mediator: str | None = None) -> Concerned:
    """Whose a body is, or one of its mediators."""
    if organisation is None:
        return Concerned(mediator=mediator)
    return Concerned(organisation["division_code"], organisation["_id"], mediator)


def _own_organisation() -> str | None:
    """The organisation of a caller who reaches no other; None for whom it is not what counts."""
    own = caller().relation == "own_organisation"
    return asked.principal().organisation if own else None


def _require_reach(divisions: Iterable[str]) -> None:
    """Refused("forbidden") if a body is to serve places beyond the caller's."""
    own = _own_organisation()
    if not all(reached(Concerned(division, own)) for division in divisions):
        raise Refused("forbidden", _OTHER_DIVISIONS)


def _taken(index: str = "_id") -> Refused:
    """The refusal of a value that must be unique and is another entry's."""
    if index == "case_number_prefix":
        pointer = "/case_number_prefix"
        message = Text("该案号前缀已被其他组织使用", "Another organisation has this prefix")
    else:
        pointer, message = "/id", Text("该编号已被使用", "This id is taken")
    return Refused("validation_failed", errors=[FieldError(pointer, "already_exists", message)])


def _mediator_answer(document: Document, *, created: bool = False) -> Answer:
    return _answer(mediator_view(document), "/v1/mediators", created=created)


def _answer(view: dict[str, Any], path: str, *, created: bool) -> Answer:
    headers = {"ETag": f'"{view["version"]}"'}
    if created:
        headers["Location"] = f"{path}/{view['id']}"
    return Answer(view, 201 if created else 200, headers)


def routes(desk: DirectoryDesk) -> Sequence[Route]:
    """Every operation on the directory."""
    stated = (*asked.BODY_REFUSALS, "validation_failed")
    changed = (*stated, "not_found", "version_conflict", "version_required")
    versioned = {"If-Match": "required"}
    read, created = ("ETag",), ("ETag", "Location")
    return (
        Route(
            "GET", "/v1/organisations/managed", desk.list_organisations,
            "Organisations with their loads, by id",
            query=OrganisationList, answer=answers.OrganisationPage,
            refusals=("validation_failed",),
        ),
        Route(
            "POST", "/v1/organisations", desk.register, "Register an organisation",
            body=NewOrganisation, answer=answers.OrganisationView, status=201,
            answer_headers=created, refusals=stated,
        ),
        Route(
            "GET", "/v1/organisations/{organisation}", desk.read_organisation,
            "One organisation with its load", answer=answers.OrganisationView,
            answer_headers=read, refusals=("not_found",),
        ),
        Route(
            "PATCH", "/v1/organisations/{organisation}", desk.change_organisation,
            "Change an organisation's entry",
            body=OrganisationChange, answer=answers.OrganisationView, headers=versioned,
            answer_headers=read, refusals=changed,
        ),
        Route(
            "GET", "/v1/mediators", desk.list_mediators,
            "Mediators with their loads, by id",
            query=MediatorList, answer=answers.MediatorPage,
            refusals=("not_found", "validation_failed"),
        ),
        Route(
            "POST", "/v1/mediators", desk.add_mediator, "Add a mediator",
            body=NewMediator, answer=answers.MediatorView, status=201,
            answer_headers=created, refusals=stated,
        ),
        Route(
            "GET", "/v1/mediators/{mediator}", desk.read_mediator,
            "One mediator", answer=answers.MediatorView, answer_headers=read,
            refusals=("not_found",),
        ),
        Route(
            "PATCH", "/v1/mediators/{mediator}", desk.change_mediator,
            "Change a mediator", body=MediatorChange, answer=answers.MediatorView,
            headers=versioned, answer_headers=read, refusals=changed,
        ),
        Route(
            "GET", "/v1/rota", desk.read_rota,
            "Who of an organisation is on duty on a day",
            query=RotaOf, answer=answers.RotaOfDay,
            refusals=("not_found", "validation_failed"),
        ),
        Route(
            "PUT", "/v1/rota/{mediator}", desk.set_rota,
            "Set when a mediator takes new cases",
            body=RotaEntry, answer=answers.MediatorView, headers=versioned,
            answer_headers=read, refusals=changed,
        ),
    )  # fmt: skip
