"""query over HTTP: the directory of places and organisations; the rest has packages of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import request

from services.query import answers
from services.query.store import ReadModels
from shared.asking import caller
from shared.civil_time import today
from shared.contracts.fields import Str
from shared.contracts.schema import Body, read
from shared.contracts.vocabulary import ORGANISATION_KINDS
from shared.divisions import Division, chain, children, find
from shared.errors import FieldError, Refused, Text
from shared.web import Answer, Route

_PUBLIC_FOR_AN_HOUR = {"Cache-Control": "public, max-age=3600"}


class DivisionQuery(Body):
    parent = Str("上级区划代码", 12)


class OrganisationQuery(Body):
    division = Str("区划代码", 12, required=True)


@dataclass(frozen=True, slots=True)
class Directory:
    """What the views work with; made once per process by `app`."""

    models: ReadModels
    asyncapi: bytes

    def divisions(self) -> Answer:
        parent = _asked(DivisionQuery()).get("parent")
        if parent is not None:
            _division(parent, "/parent")
        items = [_division_view(d) for d in children(parent)]
        return Answer({"items": items}, headers=_PUBLIC_FOR_AN_HOUR)

    def organisations(self) -> dict[str, Any]:
        division = _division(_asked(OrganisationQuery())["division"], "/division")
        codes = [d.code for d in chain(division.code)]
        found = self.models.organisations(codes)
        language = caller().language
        return {
            "items": [
                {
                    "id": o["_id"],
                    "name": o["name"],
                    "kind": o["kind"],
                    "kind_text": ORGANISATION_KINDS[o["kind"]].to(language),
                    "divisions": o["divisions"],
                    "categories": o["categories"],
                    "phone": o["phone"],
                    "address": o["address"],
                }
                for o in found
            ]
        }

    def asyncapi_document(self) -> Answer:
        return Answer(self.asyncapi, content_type="application/json; charset=utf-8")


def _asked(schema: Body) -> dict[str, Any]:
    return read(schema, dict(request.args.to_dict()), today())


def _division(code: str, pointer: str) -> Division:
    found = find(code)
    if found is None:
        message = Text("没有这个行政区划代码", "There is no such division code")
        raise Refused(
            "validation_failed", errors=[FieldError(pointer, "unknown_division", message)]
        )
    return found


def _division_view(division: Division) -> dict[str, Any]:
    return {
        "code": division.code,
        "name": division.name,
        "short_name": division.short_name,
        "level": division.level,
        "parent": division.parent,
    }


def routes(directory: Directory) -> Sequence[Route]:
    """Operations on the directory."""
    return (
        Route(
            "GET", "/v1/divisions", directory.divisions,
            "Administrative divisions below one, or the provinces", query=DivisionQuery,
            answer=answers.Divisions, refusals=("validation_failed",),
        ),
        Route(
            "GET", "/v1/organisations", directory.organisations,
            "Organisations that serve a place, nearest first", query=OrganisationQuery,
            answer=answers.Organisations, refusals=("validation_failed",),
        ),
        Route("GET", "/asyncapi.json", directory.asyncapi_document,
              "The events of the product, AsyncAPI", answer=answers.AsyncApi),
    )  # fmt: skip
