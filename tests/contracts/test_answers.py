"""Every answer is described, and the test clients notice one that is not as described."""

from __future__ import annotations

import importlib
import inspect
from dataclasses import replace
from secrets import token_hex
from typing import Any

import pytest
from flask import Flask, Response
from jsonschema import Draft202012Validator
from marshmallow import Schema

from services.routing.api import COMMANDS
from shared.contracts import answers as show
from shared.contracts.answers import Shown
from shared.contracts.policy import EVERYONE, POLICY
from shared.errors import PROBLEMS, Refused, Transient
from shared.settings import Settings
from shared.web import Answer, Route, create_app
from tests.conformance import Conforming, Undocumented
from tests.contracts.test_openapi import document, operations
from tests.house.services import built
from tests.house.sources import ROOT, SERVICES


@pytest.mark.parametrize("service", SERVICES)
def test_every_json_answer_has_a_schema_with_a_description(service):
    of = document(service)
    for operation in operations(of).values():
        for status, answer in operation["responses"].items():
            if "application/json" in answer.get("content", {}):
                schema = answer["content"]["application/json"]["schema"]
                for one in schema.get("oneOf", [schema]):
                    name = one["$ref"].rpartition("/")[2]
                    assert of["components"]["schemas"][name]["description"]
            else:
                assert status == "204" or not status.startswith("2") or "content" in answer


@pytest.mark.parametrize("service", SERVICES)
def test_every_member_of_an_answer_is_described(service):
    for name, kind in described(service).items():
        for member, field in kind._declared_fields.items():
            assert "description" in field.metadata, f"{name}.{member}"


@pytest.mark.parametrize("service", SERVICES)
def test_every_described_answer_is_one_that_is_given(service):
    given = set(document(service)["components"]["schemas"])
    assert {name for name in described(service) if not name.startswith("_")} <= given


@pytest.mark.parametrize("service", SERVICES)
def test_clients_are_promised_no_closed_list_of_members(service):
    schemas = document(service)["components"]["schemas"]
    for name in described(service).keys() & schemas.keys():
        assert schemas[name].get("additionalProperties") is not False


@pytest.mark.parametrize("service", SERVICES)
def test_every_refusal_shows_each_of_its_problems_in_both_languages(service):
    of = document(service)
    problem = Draft202012Validator(of["components"]["schemas"]["Problem"])
    for operation in operations(of).values():
        for status, answer in operation["responses"].items():
            if not status.startswith("2"):
                shown = answer["content"]["application/problem+json"]["examples"]
                slugs = answer["description"].split(", ")
                assert set(shown) == {*slugs, *(f"{slug}.en" for slug in slugs)}
                for name in shown:
                    example = of["components"]["examples"][name]["value"]
                    problem.validate(example)
                    assert str(example["status"]) == status
    for slug in PROBLEMS:
        if slug in of["components"]["examples"]:
            assert of["components"]["examples"][f"{slug}.en"]["value"]["title"].isascii()


def test_a_command_takes_the_body_of_any_command_and_a_withdrawal_may_have_none():
    command = document("routing")["paths"]["/v1/cases/{serial_number}/{command}"]["post"]
    bodies = command["requestBody"]["content"]["application/json"]["schema"]["oneOf"]
    names = [body["$ref"].rpartition("/")[2] for body in bodies]
    assert names == list(dict.fromkeys(command.body.__name__ for command in COMMANDS.values()))
    (choices,) = (p["schema"]["enum"] for p in command["parameters"] if p["name"] == "command")
    assert choices == list(COMMANDS)
    withdrawal = document("intake")["paths"]["/v1/applications/{serial_number}/withdrawal"]["post"]
    assert withdrawal["requestBody"]["required"] is False


def test_the_query_code_is_a_way_to_be_let_in():
    receipt = document("intake")["paths"]["/v1/applications/{serial_number}/receipt"]["get"]
    assert receipt["security"] == [{"token": []}, {"queryCode": []}]
    assert set(receipt["responses"]["200"]["content"]) == {"application/pdf", "text/html"}
    progress = document("query")["paths"]["/v1/progress/{serial_number}"]["get"]
    assert progress["security"] == [{"token": []}, {"queryCode": []}, {}]


def described(service: str) -> dict[str, type[Schema]]:
    files = sorted((ROOT / "services" / service).glob("*answers.py"))
    modules = [importlib.import_module(f"services.{service}.{file.stem}") for file in files]
    return {
        name: kind
        for module in modules
        for name, kind in inspect.getmembers(module, inspect.isclass)
        if kind.__module__ == module.__name__ and issubclass(kind, Schema)
    }


# --- the client that notices -------------------------------------------------------------------


class Planted(Shown):
    """A planted answer."""

    name = show.text("the name")
    on = show.day("the day", null=True)


ROUTE = Route(
    "GET", "/v1/planted/{planted}", dict, "Planted", answer=Planted,
    refusals=("not_found", "too_many_attempts"),
)  # fmt: skip
RIGHT = {"name": "a", "on": "2026-03-05"}


@pytest.fixture(autouse=True)
def _planted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(POLICY, f"{ROUTE.method} {ROUTE.path}", EVERYONE)


def an_app(answered: Any, tmp_path: Any, **changes: Any) -> Flask:
    def view(planted: str) -> Any:
        if isinstance(answered, Exception):
            raise answered
        return answered

    settings = Settings(environment="development", data_dir=tmp_path, log_level="ERROR")
    route = replace(ROUTE, view=view, **changes)
    app = create_app(f"planted-{token_hex(4)}", settings, [route], {}, body_limit=100)
    app.test_client_class = Conforming
    return app


@pytest.mark.parametrize(
    "answered",
    [
        RIGHT,
        {"name": "a", "on": None},
        Refused("not_found"),
        Refused("too_many_attempts", extra={"retry_after": 3}),
        Transient("away"),
        ValueError(),
    ],
)
def test_an_answer_as_described_is_handed_over(answered, tmp_path):
    an_app(answered, tmp_path).test_client().get("/v1/planted/1")


@pytest.mark.parametrize(
    "answered",
    [
        {"name": "a"},
        {**RIGHT, "more": 1},
        {**RIGHT, "on": "yesterday"},
        {**RIGHT, "name": None},
        Answer(RIGHT, 201),
        Answer(RIGHT, headers={"ETag": '"1"'}),
        Answer("<p>", content_type="text/html"),
        Refused("forbidden"),
        Refused("not_found", extra={"more": 1}),
        Refused("too_many_attempts"),
        Response("gone", status=404),
        Response("gone", status=410),
    ],
    ids=["lacking", "more", "format", "null", "status", "header", "kind", "slug", "extension",
         "no Retry-After", "no problem", "text"],
)  # fmt: skip
def test_an_answer_that_is_not_as_described_is_noticed(answered, tmp_path):
    client = an_app(answered, tmp_path).test_client()
    with pytest.raises(Undocumented):
        client.get("/v1/planted/1")


def test_a_described_header_that_is_missing_is_noticed(tmp_path):
    client = an_app(RIGHT, tmp_path, answer_headers=("ETag",)).test_client()
    with pytest.raises(Undocumented, match="no ETag"):
        client.get("/v1/planted/1")


@pytest.mark.parametrize("service", SERVICES)
def test_probes_and_documentation_are_beside_the_contract(service):
    client = Conforming(built(service).app)
    assert client.get("/healthz").status_code == 200
    assert client.get(f"/{service}/openapi.json").status_code == 200
    assert client.get("/v1/nowhere").status_code == 404
