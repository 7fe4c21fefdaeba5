"""Every event that the services really emit is what its contract says, and shows nobody."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import Any

import orjson
import pytest
from jsonschema import Draft202012Validator

from services.intake.application import validate
from services.intake.handlers import contacts_context
from shared.contracts.asyncapi import event_schema
from shared.contracts.envelope import from_document
from shared.contracts.events import EVENTS, faults
from tests.builders import emitted
from tests.builders.applications import a_collective_application, an_agent, an_application
from tests.house.sources import sources
from tests.house.test_events import emitted as emitted_in_code

EMITTED = emitted.everything()
VALIDATORS = {
    event.type: Draft202012Validator(
        event_schema(event), format_checker=Draft202012Validator.FORMAT_CHECKER
    )
    for event in EVENTS.values()
}
PERSONAL_PARTS = ("applicant", "co_applicants", "agent", "respondents", "employment", "attachments")
_KEYWORD = re.compile(r"[a-z_]+(?:/[a-z]+)?|true|false|\d{6}")


def errors(document: dict[str, Any]) -> list[str]:
    return [
        f"/{'/'.join(map(str, e.absolute_path))}: {e.message}"
        for e in VALIDATORS[document["type"]].iter_errors(document)
    ]


def undeclared(value: Any, schema: dict[str, Any], definitions: dict[str, Any]) -> Iterator[str]:
    """Names of members that the contract does not know: nobody could say what they may hold."""
    schema = definitions[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
    if isinstance(value, dict):
        for name, inner in value.items():
            if name not in schema["properties"]:
                yield name
            else:
                yield from undeclared(inner, schema["properties"][name], definitions)
    elif isinstance(value, list):
        for inner in value:
            yield from undeclared(inner, schema["items"], definitions)


def test_every_kind_of_event_that_code_emits_is_among_those_looked_at():
    names = {from_document(document).name for document in EMITTED}
    assert names == set(emitted_in_code(sources("services")))


@pytest.mark.parametrize("name", sorted(EVENTS))
def test_an_emitted_event_keeps_its_json_schema_and_its_marshmallow_schema(name):
    told = [document for document in EMITTED if from_document(document).name == name]
    for document in told:
        assert errors(orjson.loads(orjson.dumps(document))) == []
        assert faults(name, document["data"]) == {}


@pytest.mark.parametrize("name", sorted(EVENTS))
def test_an_emitted_event_has_no_member_its_contract_does_not_know(name):
    schema = event_schema(EVENTS[name])
    found = {
        member
        for document in EMITTED
        if from_document(document).name == name
        for member in undeclared(document, schema, schema["$defs"])
    }
    assert found == set()


def test_sequences_of_an_aggregate_count_from_one_without_gaps():
    told = emitted.life_of_an_application(emitted.some_applications()["worker"])
    assert [document["sequence"] for document in told] == [str(n + 1) for n in range(len(told))]


def test_a_broken_event_is_noticed():
    right = next(d for d in EMITTED if d["type"].endswith("mediator_assigned.v1"))
    for wrong in (
        {**right, "sequence": 1},
        {**right, "division": "37"},
        {**right, "source": "query"},
        {**right, "data": {**right["data"], "status": "odd"}},
        {**right, "data": {k: v for k, v in right["data"].items() if k != "mediator"}},
        {k: v for k, v in right.items() if k != "traceparent"},
    ):
        assert len(errors(wrong)) == 1
    schema = event_schema(EVENTS["case.mediator_assigned"])
    spoilt = {
        **right,
        "data": {**right["data"], "mediator": {"id": "1", "name": "x", "phone": "1"}},
    }
    assert list(undeclared(spoilt, schema, schema["$defs"])) == ["phone"]


# --- personal data -----------------------------------------------------------------------------


def a_telling_application() -> dict[str, Any]:
    """Everything that could tell who somebody is, in words that occur nowhere else."""
    body = an_application(
        applicant={
            "name": "甄独名",
            "former_name": "甄旧名",
            "email": "zhen.duming@example.com",
            "correspondence_address": "独一无二巷七号",
            "household_registration": "籍贯无双村",
            "birth_date": "1985-06-15",
        },
        employment={
            "job_title": "独有工种",
            "work_place": "独有厂区",
            "platform_account": "account-duyou-1",
        },
        dispute={"facts_and_reasons": "事实独此一份，甄独名口述。", "cause": "甄独名欠薪"},
        agent=an_agent(name="贾独名", phone="13955556666"),
    )
    body["respondents"][0] |= {
        "name": "独家商号有限公司（虚构）",
        "legal_representative": "法独名",
        "contact_name": "联独名",
        "phone": "053155557777",
        "address": "独家路八号",
    }
    body["claims"][0]["text"] = "诉求独此一句"
    body["attachments"][0]["file_name"] = "甄独名的工资条.jpg"
    return validate(body, date(2026, 11, 20))


def personal_values(application: dict[str, Any]) -> set[str]:
    """Every text of the personal parts that is no word of a closed list and no division code."""
    parts = [application.get(name) for name in PERSONAL_PARTS]
    parts += [application["dispute"]["facts_and_reasons"]]
    parts += [claim["text"] for claim in application["claims"]]
    return {text for text in _texts(parts) if len(text) > 1 and not _KEYWORD.fullmatch(text)}


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    for inner in (
        value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    ):
        yield from _texts(inner)


def shown(documents: list[dict[str, Any]], values: set[str]) -> set[str]:
    """Which of the values can be read in the events."""
    text = orjson.dumps(documents).decode()
    return {value for value in values if value in text}


@pytest.mark.parametrize(
    "application",
    [a_telling_application(), validate(a_collective_application(), date(2026, 11, 20))],
    ids=["one applicant", "twelve applicants"],
)
def test_no_event_shows_anything_personal_of_the_application(application):
    told = emitted.life_of_an_application(application) + emitted.lives_of_cases(application)
    values = personal_values(application) - {"济南市历下区"}  # the work place is the division here
    assert len(values) > 15
    assert shown(told, values) == set()
    assert shown(told, {emitted.QUERY_CODE, *_texts([emitted.SUPPLEMENT, emitted.WITHDRAWAL])}) <= {
        "wage_flow"
    }


def test_what_is_personal_includes_what_the_builders_made_up():
    values = personal_values(a_telling_application())
    assert {
        "甄独名", "贾独名", "法独名", "联独名", "zhen.duming@example.com", "独一无二巷七号",
        "独家路八号", "事实独此一份，甄独名口述。", "诉求独此一句", "甄独名的工资条.jpg", "1985-06-15",
        "account-duyou-1", "独有厂区",
    } <= values  # fmt: skip
    assert any(re.fullmatch(r"370102\d{11}[\dX]", value) for value in values)
    assert any(value.startswith("+86139") for value in values)


def test_contact_data_travels_sealed_for_notify_alone():
    told = emitted.life_of_an_application(a_telling_application())[0]
    sealed = told["data"]["contacts"]
    opened = emitted.CONTACTS.open(sealed, contacts_context(emitted.SERIAL)).decode()
    assert {"甄独名", "zhen.duming@example.com", emitted.QUERY_CODE} <= {
        v for v in ("甄独名", "zhen.duming@example.com", emitted.QUERY_CODE) if v in opened
    }


def test_a_leak_is_noticed():
    told = emitted.life_of_an_application(a_telling_application())
    told[0]["data"]["cause"] = "甄独名欠薪"
    assert shown(told, {"甄独名", "贾独名"}) == {"甄独名"}
