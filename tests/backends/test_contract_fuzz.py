"""Whatever is sent: no server error, an answer that is documented, and nothing kept of a refusal.

The answers are checked by the test client itself (tests/conformance); the requests are the same
in every run.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.intake.handlers import HANDLERS as INTAKE_LEARNING
from services.notify.handlers import Planning
from services.notify.handlers import handlers as notify_handlers
from services.notify.partners import deliveries_api
from services.notify.partners.cursors import cursor_of
from services.notify.people.staff import StaffContacts
from services.notify.people.templates import Templates
from services.query.handlers import HANDLERS as LEARNING
from services.query.policies.importing import import_files
from services.routing.case_numbers import CaseNumbers
from services.routing.handlers import handlers as routing_handlers
from services.routing.store import Directory
from shared.civil_time import today
from shared.sealing import Hasher, Keyring, QueryCodes, identity_hash, phone_last4_hash
from tests.builders.applications import an_application, an_id_number
from tests.builders.cases import a_mediator, an_organisation
from tests.builders.events import a_submission, an_event
from tests.builders.evidence import PDF, PROGRAM, a_jpeg
from tests.builders.fuzzing import Known, Sent, requests
from tests.builders.partner_log import logged, many
from tests.builders.partner_queues import CHANNEL, a_broker, some_credentials
from tests.builders.partner_subscriptions import some_subscription
from tests.builders.routing import a_submitted_event, apply, fill
from tests.house.sources import ROOT, SERVICES
from tests.waiting import eventually
from tests.web import Web, running

NUMBER = "2634626885086477"
CODE = "K7RM2PXA"
FILES = [
    {"file_name": "合同.pdf", "kind": "labour_contract", "content_type": "application/pdf", "size_bytes": 9},
    {"file_name": "照片.jpg", "kind": "attendance_record", "content_type": "image/jpeg", "size_bytes": 9},
]  # fmt: skip
LAW = """\
# {title}

2020年5月1日虚构省人民政府公布 自2020年6月1日起施行

<!-- INFO END -->

第一条 拖欠工资的，劳动者可以申请调解。

第二条 调解不成的，可以申请仲裁。
"""

_PROVINCES = itertools.count(1)
"""No title comes twice, so that an index which has it was built from the library as it is."""

DOCUMENTS = {
    s: json.loads((ROOT / f"docs/contracts/openapi/{s}.json").read_text("utf-8")) for s in SERVICES
}
OPERATIONS = [
    pytest.param(service, method, path, id=f"{service}-{method}-{path}")
    for service, document in DOCUMENTS.items()
    for path, item in document["paths"].items()
    for method in item
]
TOMORROW = (today() + timedelta(days=1)).isoformat()
FUZZ = settings(
    max_examples=50,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(scope="module")
def webs(
    mongo_url: str,
    module_vhost_url: str,
    amqp_management_url: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[dict[str, Web]]:
    with ExitStack() as stack:
        stack.enter_context(patch.object(deliveries_api, "_TEST_SECONDS", 0.0))  # nobody delivers
        broker = stack.enter_context(a_broker(module_vhost_url, amqp_management_url))
        more = {**LIMITS, "notify": {**LIMITS["notify"], **broker}}
        yield {
            name: stack.enter_context(
                running(name, mongo_url, tmp_path_factory.mktemp(name), **more.get(name, {}))
            )
            for name in FURNISHED
        }


def furnished(web: Web, folder: Path) -> Known:
    """What is known of a service in which nothing is but what one test needs."""
    for name in web.database.list_collection_names():
        web.database[name].delete_many({})
    return FURNISHED[web.name](web, folder)


# --- what is there -----------------------------------------------------------------------------


def furnish_intake(web: Web, _: Path) -> Known:
    body = an_application({"/attachments": FILES})
    receipt = web.call("POST", "/v1/applications", body).get_json()
    draft = web.call("POST", "/v1/drafts", {"a": 1}).get_json()
    number = receipt["serial_number"]
    person = web.token("applicant", id_number=body["applicant"]["id_number"])
    for index, content in enumerate([PDF, a_jpeg()]):
        path = f"/v1/applications/{number}/attachments/{index}"
        assert web.call("PUT", path, content, headers=person).status_code == 200
    asked = {"to": [{"party": "applicant", "index": 0}], "options": []}
    questions = [{**asked, "id": "q1", "kind": "consent"}, {**asked, "id": "q2", "kind": "session"}]
    step = an_event("case.consent_sought", serial=number, status="seeking_consent", asks=questions)
    apply(web.runner(INTAKE_LEARNING), step)
    phone = {"phone": body["applicant"]["phone"]}
    verification = web.call("POST", "/v1/phone-verifications", phone).get_json()["verification"]
    return Known(
        parameters={
            "serial_number": [number, receipt["serial_number_display"], NUMBER],
            "verification": [verification],
            "index": ["0", "1", "2"],
            "draft_id": [draft["id"]],
            "X-Query-Code": [receipt["query_code"]],
            "If-Match": ['"1"', "1"],
            "Idempotency-Key": ["k-1", "k-2"],
        },
        bodies={
            "post_v1_applications": [body, an_application()],
            "post_v1_applications_serial_number_supplements": [
                {"statement": "补充说明"},
                {"attachments": FILES},
            ],
            "post_v1_applications_serial_number_withdrawal": [{"reason": "已和解"}, {}],
            "put_v1_applications_serial_number_attachments_index": [PDF, a_jpeg(), PROGRAM],
            "post_v1_applications_serial_number_answers": [
                {"question": "q1", "answer": "agree", "note": "同意"},
                {"question": "q2", "answer": "another_time"},
                {"question": "q2", "answer": "perhaps"},
            ],
            "post_v1_applications_serial_number_consent": [
                {"answer": "agree"},
                {"answer": "decline", "note": "已另行解决"},
            ],
            "patch_v1_applications_serial_number_contact": [
                {"phone": "13900004321"},
                {"email": "new@example.com", "correspondence_address": None},
                {"phone": "139****4321"},
            ],
            "post_v1_phone_verifications": [phone, {"phone": "0531-00000001"}],
            "post_v1_phone_verifications_verification": [
                {"code": sent_code(web, verification)},
            ],
            "post_v1_drafts": [body],
            "put_v1_drafts_draft_id": [body],
        },
        callers=[
            *[person["Authorization"]] * 3,
            web.token("mediator")["Authorization"],
        ],
        callers_of={"get_v1_audit": [web.token("auditor")["Authorization"]]},
    )


def sent_code(web: Web, verification: str) -> str:
    """The code as notify reads it."""
    (document,) = web.database.phone_verifications.find({"_id": verification})
    sealed = document["outbox"][0]["data"]["contacts"]
    opened = Keyring.parse(web.settings.contact_keys).open(sealed, f"phone:{verification}")
    return str(json.loads(opened)["code"])


def furnish_routing(web: Web, _: Path) -> Known:
    bodies = [an_organisation(), an_organisation(id="org-2", divisions=("370103",))]
    fill(web.database, bodies, [a_mediator(), a_mediator(id="m2", capacity=500)])
    directory = Directory(web.database)
    runner = web.runner(routing_handlers(directory, CaseNumbers(web.database, directory)))
    apply(runner, a_submitted_event(NUMBER))
    assert web.database.cases.count_documents({}) == 1
    new_mediator = {
        "organisation": "org-370102", "name": "程远林", "capacity": 5, "languages": ["zh", "en"],
        "rota": {"kind": "stationed", "weekdays": [1, 3]}, "conflicts": [an_id_number()],
    }  # fmt: skip
    new_organisation = {
        "kind": "county", "name": "虚构调解中心", "phone": "0531-0000000", "address": "虚构路3号",
        "divisions": ["370102"], "categories": ["contract"],
    }  # fmt: skip
    administrator = web.token("organisation_admin", organisation="org-370102")
    path = "/v1/mediators/m2/calendar"
    calendar = web.call("POST", path, headers=administrator).get_json()["url"].rpartition("/")[2]
    return Known(
        parameters={
            "serial_number": [NUMBER],
            "organisation": ["org-370102", "org-2"],
            "calendar": [calendar],
            "mediator": ["med-370102-01", "m2"],
            "division": ["370102", "37"],
            "If-Match": ['"1"', '"1"', "2"],
        },
        bodies={
            "post_v1_cases_serial_number_command": [
                {"organisation": "org-370102"},
                {"organisation": "org-2"},
                {"mediator": "m2"},
                {"mediator": "med-370102-01"},
            ],
            "post_v1_organisations": [new_organisation, {**new_organisation, "id": "org-2"}],
            "patch_v1_organisations_organisation": [{"phone": "0531-1111111"}, {"active": True}],
            "post_v1_mediators": [new_mediator, {**new_mediator, "id": "m2"}],
            "patch_v1_mediators_mediator": [{"capacity": 9}, {"conflicts": [an_id_number(seed=2)]}],
            "post_v1_mediators_mediator_leave": [
                {"from": "2026-01-01", "until": TOMORROW},
                {"from": TOMORROW, "until": TOMORROW, "reassign": True},
            ],
            "put_v1_rota_mediator": [{"kind": "on_call"}, {"kind": "stationed", "weekdays": [2]}],
        },
        callers=[*[web.token("platform_admin")["Authorization"]] * 3, administrator["Authorization"],
                 web.token("mediator", subject="m2")["Authorization"]],
    )  # fmt: skip


def told_of_an_application(web: Web) -> str:
    """An applicant was told; the message, which failed."""
    keyring = Keyring.parse(web.settings.contact_keys)
    person = {"party": "applicant", "index": 0, "phone": "+8613800000011", "notify": True}
    contacts = json.dumps({"persons": [person], "query_code": CODE}).encode()
    event = a_submission(serial=NUMBER, contacts=keyring.seal(contacts, f"contacts:{NUMBER}"))
    staff = StaffContacts(web.database, keyring)
    planning = Planning(Templates("http://localhost"), keyring, staff)
    web.runner(notify_handlers(planning)).apply([event.to_json()])
    failed = web.database.messages.find_one_and_update(
        {}, {"$set": {"status": "permanent_failure"}}
    )
    assert failed is not None
    return str(failed["_id"])


def furnish_notify(web: Web, _: Path) -> Known:
    desks = ["platform", "organisation:org-370102"]
    for desk in desks:
        body = {"contacts": [{"phone": "13900001111"}]}
        path = f"/v1/staff-contacts/{desk}"
        assert web.call("PUT", path, body, headers=web.token("platform_admin")).status_code == 200
    events = logged(web.database, *many(3))
    message = told_of_an_application(web)
    queue = {"event_types": ["cn.tiaojie.case.*"], "channel": CHANNEL}
    webhook = {**queue, "url": "https://app.example.cn/fuzzed", "divisions": ["37"]}
    keyring = Keyring.parse(web.settings.contact_keys)
    return Known(
        parameters={
            "serial": [NUMBER],
            "serial_number": [NUMBER, "2634 6268 8508 6477"],
            "X-Query-Code": [CODE],
            "message": [message],
            "credentials": [some_credentials(web.database)],
            "subscription": [some_subscription(web.database, events[0], keyring=keyring)],
            "delivery": [events[0]],
            "event_id": events,
            "below": ["2"],
            "size": ["1"],
            "after": ["start", "now", cursor_of(2)],
            "Last-Event-ID": [cursor_of(1)],
            "types": ["cn.tiaojie.case.*"],
            "divisions": ["37,51"],
            "limit": ["2"],
            "wait": ["0"],
            "audience": desks,
            "organisation": ["org-370102"],
            "wording": ["case.withdrawn", "phone.code_requested"],
            "If-Match": ['"1"', "1"],
            "provider": ["aliyun"],
            "token": ["an-invented-token"],
        },
        bodies={
            "post_v1_amqp_credentials": [queue, {**queue, "divisions": ["37"], "max_length": 5}],
            "patch_v1_amqp_credentials_credentials": [{"divisions": ["51"]}, {"language": "en"}],
            "post_v1_subscriptions": [webhook, {**webhook, "alert_email": "z@example.com"}],
            "patch_v1_subscriptions_subscription": [{"divisions": ["51"]}, {"language": "en"}],
            "post_v1_subscriptions_subscription_replay": [
                {"event_ids": events},
                {"since": "2026-11-20T03:00:00Z"},
            ],
            "post_v1_message_receipts_provider": [
                [{"success": True, "err_code": "DELIVERED", "biz_id": "b1", "out_id": "m1"}],
                [{"report_status": "FAIL", "errmsg": "UNDELIV", "sid": "s1"}],
            ],
            "post_v1_inbox_serial_number_read": [{"up_to": "2026-11-20T03:00:00Z"}],
            "post_v1_messages_message_resend": [{}, {"confirm": True}],
            "put_v1_message_templates_wording_channel_language": [
                {"text": "【调解】案件已撤回，流水号：{{ serial_number }}。", "note": "改得更清楚"},
                {"text": "{{ serial_number", "note": "x"},
            ],
            "post_v1_message_templates_wording_channel_language_preview": [
                {},
                {"text": "【调解】案件已撤回，流水号：{{ serial_number }}。"},
            ],
            "put_v1_staff_contacts_audience": [
                {"contacts": [{"phone": "13900004321"}]},
                {"contacts": [{"email": "desk@example.com", "language": "zh"}]},
            ],
        },
        callers=[web.token("platform_admin")["Authorization"]],
        # beside the code it takes a token of a person, no other
        callers_of={
            f"{operation}_v1_inbox_serial_number{end}": [web.token("applicant")["Authorization"]]
            for operation, end in (("get", ""), ("post", "_read"))
        },
    )


def furnish_query(web: Web, folder: Path) -> Known:
    hasher = Hasher.parse(web.settings.hashing_key)
    submitted = a_submission(
        serial=NUMBER,
        query_code_hash=QueryCodes(hasher).hash(NUMBER, CODE),
        phone_last4_hashes=[phone_last4_hash(hasher, NUMBER, "13800000011")],
        holder_hashes=[identity_hash(hasher, an_id_number())],
    )
    web.runner(LEARNING).apply([submitted.to_json()])
    assert not web.database.set_aside.count_documents({})
    title = f"虚构{next(_PROVINCES)}省劳动争议处理办法"
    (folder / "地方政府规章").mkdir()
    law = folder / "地方政府规章" / f"{title}(2020-05-01).md"
    law.write_text(LAW.format(title=title), "utf-8")
    (policy,) = import_files(web.database, [law]).added
    # The index follows in its own time; it may be at the library that has just been emptied.
    eventually(
        lambda: policy in {hit["id"] for hit in web.call("GET", "/v1/policies").json["items"]}
    )
    person = web.token("applicant", id_number=an_id_number())["Authorization"]
    return Known(
        parameters={
            "serial_number": [NUMBER, "2634 6268 8508 6477"],
            "X-Query-Code": [CODE],
            "policy_id": [policy],
            "number": ["1", "2", "第一条"],
            "q": ["拖欠工资", "老板不发工资怎么办", f"{title}第一条", "工"],
            "parent": ["370100", "37"],
            "division": ["370102", "370102013"],
            "region": ["370000"],
            "page": ["1", "2"],
            "kind": ["local_rule"],
            "category": ["pay_injury_compensation"],
            "flags": ["work_injury,collective"],
            "known_on": ["2026-02-28"],
            "as_of": ["2024-02-29"],
            "calculator": ["economic_compensation"],
        },
        bodies={
            "post_v1_guidance_calculations_calculator": [
                {"started_on": "2020-02-29", "ended_on": "2026-08-31", "monthly_wage": "8000.50"},
                {"owed": 1200.5},
            ],
            "post_v1_policies_imports": [law.read_bytes(), b"<p>", b""],
            "post_v1_progress_lookups": [
                {"serial_number": NUMBER, "query_code": CODE},
                {"serial_number": NUMBER, "phone_last4": "0011"},
            ],
            "post_progress_serial_number": [f"factor={CODE}".encode(), b"factor=0011"],
        },
        callers=[person, person, web.token("mediator")["Authorization"]],
        callers_of={"post_v1_policies_imports": [web.token("platform_admin")["Authorization"]]},
        media_types=["text/markdown"],
    )


FURNISHED = {
    "intake": furnish_intake,
    "routing": furnish_routing,
    "notify": furnish_notify,
    "query": furnish_query,
}
LIMITS: dict[str, dict[str, Any]] = {
    "intake": {"submissions_per_address": 0},
    "routing": {"page_size": 3},
    "notify": {"receipt_tokens": "aliyun=an-invented-token"},
}


def stored(web: Web) -> dict[str, str]:
    """A hash of every collection but the counters of the throttle."""
    hashes: dict[str, str] = web.database.command("dbHash")["collections"]
    return {name: value for name, value in hashes.items() if name != "throttle"}


def send(web: Web, sent: Sent) -> Any:
    web.database.throttle.delete_many({})  # one caller's failures would hide what comes next
    kind = {"content_type": sent.content_type} if sent.content_type is not None else {}
    return web.app.test_client().open(
        sent.target, method=sent.method, headers=dict(sent.headers), data=sent.body, **kind
    )


@pytest.mark.parametrize("service, method, path", OPERATIONS)
def test_any_request_for_an_operation_is_answered_as_documented(
    webs, tmp_path, service, method, path
):
    web = webs[service]
    known = furnished(web, tmp_path)
    answered: set[int] = set()

    @FUZZ
    @given(requests(DOCUMENTS[service], method, path, known))
    def fuzz(sent: Sent) -> None:
        before = stored(web)
        response = send(web, sent)
        answered.add(response.status_code)
        assert response.status_code < 500
        refused_evidence = "/attachments/" in path and response.status_code == 422
        tried_code = path.endswith("/{verification}") and response.status_code == 403
        counted = refused_evidence or tried_code
        if (response.status_code >= 400 or method == "get") and not counted:
            assert stored(web) == before

    fuzz()
    assert min(answered) < 300, "no request was a right one"


_PARTS = st.one_of(
    st.sampled_from(["v1", "cases", "applications", "drafts", NUMBER, "..", ".", "", "%2e", "%00"]),
    st.binary(max_size=4).map(lambda raw: "".join(f"%{byte:02X}" for byte in raw)),
)
_METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "PROPFIND", "X"]


@pytest.mark.parametrize("service", SERVICES)
def test_any_other_address_or_method_is_refused_with_a_problem_document(webs, service):
    web = webs[service]

    @FUZZ
    @given(st.sampled_from(_METHODS), st.lists(_PARTS, max_size=5), st.binary(max_size=8))
    def fuzz(method: str, parts: list[str], body: bytes) -> None:
        before = stored(web)
        response = send(web, Sent(method, "/" + "/".join(parts), {}, body, None))
        assert response.status_code < 500
        assert stored(web) == before

    fuzz()
