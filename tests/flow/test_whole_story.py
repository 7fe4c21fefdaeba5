"""The whole story of one application: from a phone at night to a mediator, told and visible."""

from __future__ import annotations

from typing import Any

import pytest

from tests.builders.applications import an_application
from tests.system import System
from tests.waiting import eventually

pytestmark = pytest.mark.usefixtures("system")


def test_an_application_reaches_a_mediator_and_the_worker_is_told(system: System) -> None:
    photo = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + b"\x00" * 400 + b"\xff\xd9"
    body = an_application(
        attachments=[
            {
                "file_name": "记工本.jpg",
                "kind": "attendance_record",
                "content_type": "image/jpeg",
                "size_bytes": len(photo),
            }
        ]
    )

    # The worker applies and has the serial number at once.
    status, receipt = system.call("POST", "intake", "/v1/applications", body)
    assert status == 201, receipt
    number, code = receipt["serial_number"], {"X-Query-Code": receipt["query_code"]}
    assert receipt["serial_number_display"].replace(" ", "") == number
    assert receipt["status"] == "submitted"
    assert [a["state"] for a in receipt["attachments"]] == ["awaited"]

    # An organisation and a mediator of the place take it; progress shows so, masked.
    def assigned() -> Any:
        found, progress = system.call("GET", "query", f"/v1/progress/{number}")
        return found == 200 and progress["status"] == "mediator_assigned" and progress

    progress = eventually(assigned)
    assert progress["masked"] is True
    assert "mediator" not in progress
    assert [step["status"] for step in progress["timeline"]] == [
        "submitted",
        "organisation_assigned",
        "mediator_assigned",
    ]

    # With the query code it shows who.
    _, seen = system.call("GET", "query", f"/v1/progress/{number}", headers=code)
    assert seen["masked"] is False
    assert seen["organisation"]["id"] == "org-370102"
    assert seen["mediator"]["name"]
    assert seen["next_steps"]
    assert seen["evidence_awaited"] == 1
    status, again = system.call(
        "POST",
        "query",
        "/v1/progress/lookups",
        {
            "serial_number": receipt["serial_number_display"],
            "phone_last4": body["applicant"]["phone"][-4:],
        },
    )
    assert (status, again["mediator"]) == (200, seen["mediator"])

    # The worker was told twice: the serial number, then the mediator.
    administrator = system.token("platform_admin")

    def told() -> Any:
        _, listed = system.call(
            "GET", "notify", f"/v1/messages?serial={number}", headers=administrator
        )
        sent = {
            (m["event_name"], m["channel"]): m
            for m in listed["items"]
            if m["status"] in {"accepted", "delivered"}
        }
        wanted = {("application.submitted", "sms"), ("case.mediator_assigned", "sms")}
        return wanted <= set(sent) and sent

    sent = eventually(told)
    first = sent["application.submitted", "sms"]
    assert receipt["serial_number_display"] in first["development_text"]
    assert receipt["query_code"] in first["development_text"]
    assert body["applicant"]["phone"] not in str(first["to"])

    # The photo follows, is kept, and can be read back.
    path = f"/v1/applications/{number}/attachments/0"
    status, kept = system.call("PUT", "intake", path, photo, code)
    assert (status, kept["state"]) == (200, "received"), kept
    status, page = system.call("GET", "intake", f"/v1/applications/{number}/receipt", headers=code)
    assert status == 200
    assert receipt["serial_number_display"] in page
    assert "<svg" in page

    # The administrator sees the case; the worker takes the application back; so it ends.
    status, case = system.call("GET", "routing", f"/v1/cases/{number}", headers=administrator)
    assert (status, case["status"]) == (200, "mediator_assigned")
    status, ended = system.call("POST", "intake", f"/v1/applications/{number}/withdrawal", {}, code)
    assert (status, ended["status"]) == (200, "withdrawn")

    def over() -> Any:
        _, progress = system.call("GET", "query", f"/v1/progress/{number}")
        _, case = system.call("GET", "routing", f"/v1/cases/{number}", headers=administrator)
        return progress["status"] == case["status"] == "withdrawn"

    eventually(over)
    status, refused = system.call(
        "POST", "intake", f"/v1/applications/{number}/supplements", {"statement": "补充"}, code
    )
    assert (status, refused["code"]) == (409, "command_not_allowed")


def test_nothing_was_set_aside(system: System) -> None:
    for service in ("intake", "routing", "notify", "query"):
        listed = system.run(service, "dead-letters", "list")
        assert len(listed.splitlines()) == 1, listed
