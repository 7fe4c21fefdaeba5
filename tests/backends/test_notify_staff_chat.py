"""Staff are told in their group's chat if they name a robot of it: over HTTP, on a real MongoDB."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import orjson
import pytest

from services.notify.handlers import Planning, handlers
from services.notify.people.staff import StaffContacts
from services.notify.people.templates import Templates
from shared.sealing import Keyring
from tests.builders.events import a_submission, an_event
from tests.builders.notices import CASE_FACTS, ORGANISATION, QUERY_CODE, SERIAL
from tests.web import Web, problem

OWN = ORGANISATION["id"]
PATH = f"/v1/staff-contacts/organisation:{OWN}"
ROBOT = "dingtalk://SECab12@0a1b2c3d4e5f"


def put(web: Web, *contacts: dict[str, Any]) -> Any:
    headers = web.token("organisation_admin", organisation=OWN)
    return web.call("PUT", PATH, {"contacts": list(contacts)}, headers=headers)


def told(web: Web) -> list[tuple[str, int, str, str]]:
    """What the organisation is told of a missed deadline: channel, rank, status, masked address."""
    keyring = Keyring.parse(web.settings.contact_keys)
    staff = StaffContacts(web.database, keyring)
    runner = web.runner(handlers(Planning(Templates("https://x"), keyring, staff)))
    contacts = orjson.dumps({"persons": [], "query_code": QUERY_CODE})
    submitted = a_submission(serial=SERIAL, contacts=keyring.seal(contacts, f"contacts:{SERIAL}"))
    missed = an_event("case.deadline_missed", serial=SERIAL, sequence=5)
    missed = replace(
        missed, data={**CASE_FACTS["case.deadline_missed"], "organisation": ORGANISATION}
    )
    runner.apply([submitted.to_json(), missed.to_json()])
    assert not web.database.set_aside.count_documents({})
    found = web.database.messages.find({"party": "organisation"}).sort("rank", 1)
    return [(m["channel"], m["rank"], m["status"], m["to_masked"]) for m in found]


def test_the_robot_is_told_first_and_the_phone_is_kept_in_reserve(notify: Web) -> None:
    response = put(notify, {"chat": ROBOT, "phone": "13900000021"})
    assert response.status_code == 200, response.get_data(as_text=True)
    (shown,) = response.get_json()["contacts"]
    assert (shown["chat"], shown["phone"]) == ("dingtalk://***", "139****0021")
    assert told(notify) == [
        ("chat", 0, "planned", "dingtalk://***"),
        ("sms", 1, "standby", "139****0021"),
    ]
    assert b"0a1b2c3d4e5f" not in notify.dump()


def test_a_group_may_have_nothing_but_its_robot(notify: Web) -> None:
    assert put(notify, {"chat": "wecombot://0a1b2c3d-4e5f"}).status_code == 200
    assert told(notify) == [("chat", 0, "planned", "wecombot://***")]


@pytest.mark.parametrize(
    "chat",
    ["dingtalk://***", "json://127.0.0.1/", "https://oapi.dingtalk.com/robot/send?access_token=a",
     "file:///etc/passwd", "dingtalk://", "dingtalk://a b", "mailto://u:p@example.com", "token"],
)  # fmt: skip
def test_what_is_no_robot_of_the_list_is_refused_at_its_field(notify: Web, chat: str) -> None:
    put(notify, {"chat": ROBOT})
    refused = problem(put(notify, {"chat": chat}), 422, "validation_failed")
    assert [error["pointer"] for error in refused["errors"]] == ["/contacts/0/chat"]
    headers = notify.token("organisation_admin", organisation=OWN)
    (kept,) = notify.call("GET", PATH, headers=headers).get_json()["contacts"]
    assert kept["chat"] == "dingtalk://***", "the real one is still there"
