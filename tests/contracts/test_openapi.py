"""The OpenAPI documents are valid and describe what the services really take and answer."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from shared.contracts.asyncapi_parts import references
from shared.contracts.fields import Amount, Choice, Code, Count, Date, Email, Part, Parts, Slug, Str
from shared.contracts.policy import EVERYONE, POLICY, Rule
from shared.contracts.schema import Body
from shared.errors import PROBLEMS
from shared.openapi import build
from shared.web import Route
from tests.builders import applications
from tests.contracts.test_asyncapi import resolved
from tests.house.services import built
from tests.house.sources import ROOT, SERVICES


@cache
def document(service: str) -> Any:
    text = (ROOT / f"docs/contracts/openapi/{service}.json").read_text("utf-8")
    return json.loads(text)


def operations(of: Any) -> dict[tuple[str, str], Any]:
    return {
        (method, path): operation
        for path, item in of["paths"].items()
        for method, operation in item.items()
    }


@pytest.mark.parametrize("service", SERVICES)
def test_the_document_is_valid_openapi_3_1(service):
    OpenAPIV31SpecValidator(document(service)).validate()
    for reference in references(document(service)):
        assert resolved(reference, document(service))


@pytest.mark.parametrize("service", SERVICES)
def test_every_route_is_documented_once_with_its_access_and_its_refusals(service):
    found = operations(document(service))
    routes = built(service).routes
    assert found.keys() == {(r.method.lower(), r.path) for r in routes}
    assert len({o["operationId"] for o in found.values()}) == len(found)
    for route in routes:
        operation = found[route.method.lower(), route.path]
        holders_only = route.headers.get("X-Query-Code") == "unless a token"
        assert ({} in operation["security"]) == (route.access.anonymous and not holders_only)
        rule = POLICY[f"{route.method} {route.path}"]
        assert operation["x-access"] == {"anonymous": rule.anonymous, "roles": dict(rule.roles)}
        for slug in route.refusals:
            assert slug in operation["responses"][str(PROBLEMS[slug].status)]["description"]


@pytest.mark.parametrize("service", SERVICES)
def test_what_is_written_takes_json_or_bytes(service):
    for (method, path), operation in operations(document(service)).items():
        if method == "put" or (method == "post" and "malformed_json" in str(operation)):
            (kind,) = operation["requestBody"]["content"]
            assert (kind == "application/octet-stream") == ("/attachments/" in path)


@cache
def an_application_body() -> Draft202012Validator:
    of = document("intake")
    schema = {"$ref": "#/components/schemas/Application", "components": of["components"]}
    return Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)


@pytest.mark.parametrize(
    "body",
    [
        applications.an_application(),
        applications.an_employers_application(),
        applications.a_collective_application(),
        applications.a_woman_in_lactation(),
        applications.a_foreign_teacher(),
        applications.a_riders_application(),
        applications.with_agent(applications.an_application()),
        json.loads((ROOT / "deploy/local/example-application.json").read_text("utf-8")),
    ],
    ids=["worker", "employer", "collective", "mother", "foreigner", "rider", "agent", "example"],
)
def test_an_application_that_is_accepted_is_one_the_document_allows(body):
    body = body.get("application", body)
    assert [e.message for e in an_application_body().iter_errors(body)] == []


@pytest.mark.parametrize(
    "pointer, value",
    [
        ("/claims", []),
        ("/claims/0/amount_cny", -1),
        ("/dispute/category", "odd"),
        ("/submit_division/county_code", "37"),
        ("/applicant/email", "nobody"),
        ("/applicant/gender", 1),
        ("/odd", 1),
    ],
)
def test_an_application_the_service_refuses_is_one_the_document_refuses(pointer, value):
    body = applications.an_application({pointer: value})
    assert list(an_application_body().iter_errors(body))


class Inner(Body):
    code = Code("代码", "[0-9]{4}", required=True)


class Whole(Body):
    text = Str("文本", 20, required=True)
    slug = Slug("词", ("one", "two"))
    choice = Choice("选择", ("a", "b"))
    email = Email("邮箱")
    count = Count("数", least=1, most=9)
    amount = Amount("金额", most=100)
    day = Date("日期")
    part = Part("部分", Inner)
    parts = Parts("列表", Part("项", Inner), most=3, required=True)


@pytest.fixture
def _planted(monkeypatch):
    """Rows for the routes of these tests."""
    mediators = Rule(anonymous=False, roles={"mediator": "own_case"})
    monkeypatch.setitem(POLICY, "POST /v1/planted", EVERYONE)
    monkeypatch.setitem(POLICY, "GET /v1/planted/{a_id}", EVERYONE)
    monkeypatch.setitem(POLICY, "PUT /v1/a/{a_id}", mediators)
    monkeypatch.setitem(POLICY, "PUT /v1/b", EVERYONE)


@pytest.mark.usefixtures("_planted")
def test_our_own_fields_are_described_with_patterns_lengths_limits_and_null():
    route = Route("POST", "/v1/planted", dict, "Planted", body=Whole)
    whole = build("planted", [route])["components"]["schemas"]["Whole"]
    described = whole["properties"]
    assert whole["required"] == ["parts", "text"]
    assert whole["additionalProperties"] is False
    assert described["text"] == {"type": "string", "minLength": 1, "maxLength": 20, "title": "文本"}
    assert described["slug"]["examples"] == ["one", "two"]
    assert described["slug"]["type"] == ["string", "null"]
    assert described["choice"]["enum"] == ["a", "b", None]
    assert described["email"]["format"] == "email"
    assert (described["count"]["minimum"], described["count"]["maximum"]) == (1, 9)
    assert described["count"]["type"] == ["integer", "null"]
    assert described["amount"]["maximum"] == 100
    assert described["day"]["format"] == "date"
    assert described["parts"]["minItems"] == 1
    assert described["parts"]["maxItems"] == 3
    assert {"$ref": "#/components/schemas/Inner"} in references_around(described["part"])


@pytest.mark.usefixtures("_planted")
def test_query_parameters_are_never_null():
    class Asked(Body):
        word = Str("词", 20)
        choice = Choice("选择", ("a", "b"))
        needed = Str("必填", 20, required=True)

    route = Route("GET", "/v1/planted/{a_id}", dict, "Planted", query=Asked)
    of = build("planted", [route])
    found = {p["name"]: p for p in of["paths"]["/v1/planted/{a_id}"]["get"]["parameters"]}
    assert found["word"]["schema"]["type"] == "string"
    assert found["choice"]["schema"]["enum"] == ["a", "b"]
    assert [p["name"] for p in found.values() if p["required"]] == ["a_id", "needed"]


def references_around(described: Any) -> list[Any]:
    return next((v for k, v in described.items() if k in {"anyOf", "allOf"}), [described])


@pytest.mark.usefixtures("_planted")
def test_a_route_says_what_it_takes_who_may_and_when_to_try_again():
    json_route = Route(
        "PUT", "/v1/a/{a_id}", dict, "A", body=Inner,
        refusals=("too_many_attempts",),
    )  # fmt: skip
    bytes_route = Route("PUT", "/v1/b", dict, "B")
    of = build("planted", [json_route, bytes_route])
    OpenAPIV31SpecValidator(of).validate()
    a, b = of["paths"]["/v1/a/{a_id}"]["put"], of["paths"]["/v1/b"]["put"]
    assert a["operationId"] == "put_v1_a_a_id"
    assert list(a["requestBody"]["content"]) == ["application/json"]
    assert list(b["requestBody"]["content"]) == ["application/octet-stream"]
    assert a["security"] == [{"token": []}]
    assert b["security"] == [{"token": []}, {}]
    assert "Retry-After" in a["responses"]["429"]["headers"]
    assert a["x-access"] == {"anonymous": False, "roles": {"mediator": "own_case"}}
    assert "403" in a["responses"]
    assert "403" not in b["responses"]
