"""Two cases from the application to the end, as the people of the case live them."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.builders.applications import an_application
from tests.system import ROOT, System
from tests.waiting import eventually

ORGANISATION = "org-370102"
WORKER = {"party": "applicant", "index": 0}
EMPLOYER = {"party": "respondent", "index": 0}


@dataclass
class Case:
    """A case in the hands of its people; every call is one over HTTP."""

    system: System
    number: str
    code: Mapping[str, str]
    staff: dict[str, Mapping[str, str]] = field(default_factory=dict)

    @classmethod
    def submitted(cls, system: System, **changes: Any) -> Case:
        body = an_application(**changes)
        body["respondents"][0]["phone"] = "13900000077"  # one that text messages reach
        status, receipt = system.call("POST", "intake", "/v1/applications", body)
        assert status == 201, receipt
        case = cls(system, receipt["serial_number"], {"X-Query-Code": receipt["query_code"]})
        case.staff["platform_admin"] = system.token("platform_admin")
        case.staff["auditor"] = system.token("auditor")
        case.staff["organisation_admin"] = system.token(
            "organisation_admin", "--organisation", ORGANISATION
        )
        mediator = case.until("mediator_assigned")["mediator"]["id"]
        case.staff["mediator"] = system.token(
            "mediator", "--organisation", ORGANISATION, "--subject", mediator
        )
        return case

    def ask(
        self, method: str, service: str, path: str, body: Any = None, **headers: str
    ) -> tuple[int, Any]:
        return self.system.call(method, service, path, body, headers)

    def look(self) -> Any:
        status, case = self.system.call(
            "GET", "routing", f"/v1/cases/{self.number}", headers=self.staff["platform_admin"]
        )
        return case if status == 200 else None

    def until(self, status: str) -> Any:
        def there() -> Any:
            case = self.look()
            return case and case["status"] == status and case

        return eventually(there)

    def command(self, name: str, body: Any = None, role: str = "mediator") -> Any:
        """Give a command on the version there is, again if a party was faster meanwhile."""
        while True:
            version = self.look()["version"]
            status, case = self.system.call(
                "POST",
                "routing",
                f"/v1/cases/{self.number}/{name}",
                body or {},
                {**self.staff[role], "If-Match": f'"{version}"'},
            )
            if status != 412:
                assert status == 200, (name, case)
                return case

    def progress(self, code: Mapping[str, str] | None = None) -> Any:
        _, seen = self.system.call(
            "GET", "query", f"/v1/progress/{self.number}", headers=code or self.code
        )
        return seen

    def shown(self, status: str, code: Mapping[str, str] | None = None) -> Any:
        def there() -> Any:
            seen = self.progress(code)
            return seen.get("status") == status and seen

        return eventually(there)

    def answer(self, kind: str, answer: str, code: Mapping[str, str]) -> None:
        """A party answers what it is asked, once the question has reached it."""

        def asked() -> Any:
            _, open_now = self.system.call(
                "GET", "intake", f"/v1/applications/{self.number}/questions", headers=code
            )
            found = [q for q in open_now.get("items", ()) if q["kind"] == kind]
            return found and found[0]

        question = eventually(asked)
        status, said = self.system.call(
            "POST",
            "intake",
            f"/v1/applications/{self.number}/answers",
            {"question": question["id"], "answer": answer},
            code,
        )
        assert status in {200, 201, 202}, said

    def messages(self, event: str, party: str) -> list[Any]:
        _, listed = self.system.call(
            "GET",
            "notify",
            f"/v1/messages?serial={self.number}",
            headers=self.staff["platform_admin"],
        )
        return [
            m
            for m in listed["items"]
            if (m["event_name"], m["party"]) == (event, party)
            and m["status"] in {"accepted", "delivered"}
        ]

    def code_of_the_respondent(self) -> dict[str, str]:
        """As it stands in the text message that the respondent was sent."""
        message = eventually(lambda: self.messages("case.consent_sought", "respondent"))[0]
        text = message["development_text"]
        found = re.search(r"\b([2-9A-HJ-NP-Z]{4}-[2-9A-HJ-NP-Z]{4})\b", text, re.ASCII)
        assert found, text
        return {"X-Query-Code": found[1]}

    def document(self, kind: str, code: Mapping[str, str]) -> bytes:
        """A document of this kind, as PDF, from the address that progress names."""

        def listed() -> Any:
            documents = self.progress(code).get("documents", ())
            return [d for d in documents if d["kind"] == kind]

        found = eventually(listed)[-1]
        path = found["url"].removeprefix("http://localhost:8000")
        status, content = self.system.call("GET", "intake", path, headers=code)
        assert status == 200, content
        return content if isinstance(content, bytes) else str(content).encode()


STEPS_OF_A_SETTLED_CASE = [
    "submitted",
    "organisation_assigned",
    "mediator_assigned",
    "under_examination",
    "supplement_requested",
    "under_examination",
    "seeking_consent",
    "accepted",
    "mediating",
    "agreed",
    "agreement_signed",
    "performed",
    "closed",
]


def test_a_case_goes_from_an_application_to_a_performed_agreement(
    system: System, tmp_path: Path
) -> None:
    case = Case.submitted(system)

    # The mediator examines it and asks for more; the worker supplies it.
    case.command("begin-examination")
    case.command("request-supplement", {"items": [{"text": "请补充2026年8月的工资流水"}]})
    assert case.shown("supplement_requested")["next_steps"]
    assert eventually(lambda: case.messages("case.supplement_requested", "applicant"))
    assert case.document("supplement_request", case.code)
    status, added = system.call(
        "POST",
        "intake",
        f"/v1/applications/{case.number}/supplements",
        {"statement": "流水已打印，可当面提交。"},
        case.code,
    )
    assert status == 201, added
    case.until("under_examination")

    # The employer hears of it for the first time, and agrees with the code it was sent.
    assert case.messages("application.submitted", "respondent") == []
    case.command("seek-consent")
    respondent = case.code_of_the_respondent()
    case.answer("consent", "agree", respondent)

    def agreed() -> Any:
        return {c["party"] for c in case.look()["consents"] if c["answer"] == "agree"} == {
            "applicant",
            "respondent",
        }

    eventually(agreed)
    case.command("accept")
    number = eventually(lambda: case.look()["case_number"])
    assert re.fullmatch(r"\w+〔20\d\d〕第\d+号", number)
    eventually(lambda: case.shown("accepted")["case_number"] == number)
    assert case.document("acceptance_notice", respondent)

    # A session; both come and agree.
    begins = datetime.now(UTC) + timedelta(seconds=4)
    ends = begins + timedelta(hours=1)
    case.command(
        "schedule-session",
        {
            "mode": "on_site",
            "starts_at": begins.isoformat(),
            "ends_at": ends.isoformat(),
            "place": "调解中心第一调解室",
        },
    )
    case.answer("session", "confirm", case.code)
    case.answer("session", "confirm", respondent)
    time.sleep(max(0.0, (begins - datetime.now(UTC)).total_seconds() + 0.5))
    session = case.look()["sessions"][-1]["id"]
    case.command(
        "record-session",
        {
            "session": session,
            "attendance": [{**p, "attendance": "present"} for p in (WORKER, EMPLOYER)],
            "minutes": "双方到场，就工资支付达成一致。",
        },
    )
    perform_by = (datetime.now(UTC) + timedelta(days=20)).date().isoformat()
    case.command(
        "record-agreement",
        {
            "claims": ["支付2026年8月至10月工资"],
            "result": "被申请人一次性支付拖欠工资。",
            "items": [
                {
                    "obligor": EMPLOYER,
                    "obligee": WORKER,
                    "what": "支付拖欠工资",
                    "amount_cny": 20020,
                    "due_on": perform_by,
                    "manner": "银行转账至申请人工资账户",
                }
            ],
        },
    )

    # All sign: the parties online, the mediator and the organisation on paper.
    case.answer("signature", "sign", case.code)
    case.answer("signature", "sign", respondent)
    case.command("sign", {"signatory": "mediator", "means": "paper"})
    eventually(lambda: len(case.look()["agreement"]["signatures"]) == 3)
    case.command("sign", {"signatory": "organisation", "means": "seal"}, "organisation_admin")
    case.until("agreement_signed")
    assert case.document("agreement", case.code)
    assert case.document("agreement", respondent)

    # It is performed and closed.
    case.command("confirm-performance")
    case.command("close")
    seen = case.shown("closed")
    assert [step["status"] for step in seen["timeline"]] == STEPS_OF_A_SETTLED_CASE

    # Its history holds, and does not once a word of it is changed.
    status, history = system.call(
        "GET", "query", f"/v1/progress/{case.number}/history", headers=case.code
    )
    assert status == 200, history
    exported = tmp_path / "history.json"
    exported.write_text(json.dumps(history, ensure_ascii=False), "utf-8")
    assert verified(exported) == 0
    changed = json.dumps(history, ensure_ascii=False).replace("case.accepted", "case.failed", 1)
    exported.write_text(changed, "utf-8")
    assert verified(exported) == 1


def test_a_respondent_who_declines_ends_the_case_and_the_worker_learns_what_to_do(
    system: System,
) -> None:
    case = Case.submitted(system)
    case.command("begin-examination")
    case.command("seek-consent")
    respondent = case.code_of_the_respondent()
    status, said = system.call(
        "POST",
        "intake",
        f"/v1/applications/{case.number}/consent",
        {"answer": "decline"},
        respondent,
    )
    assert status in {200, 201, 202}, said
    eventually(lambda: any(c["answer"] == "decline" for c in case.look()["consents"]))

    version = case.look()["version"]
    status, refused = system.call(
        "POST",
        "routing",
        f"/v1/cases/{case.number}/accept",
        {},
        {**case.staff["mediator"], "If-Match": f'"{version}"', "Accept-Language": "en"},
    )
    assert (status, refused["code"], refused["rule"]) == (409, "rule_not_met", "all_consented")
    assert "art. 22" in refused["source"]
    assert case.look()["version"] == version

    case.command(
        "refuse",
        {
            "reason": "other_party_refuses",
            "explanation": "被申请人明确表示不同意调解。",
            "advice": ["arbitration"],
        },
    )
    assert "仲裁" in "".join(case.shown("not_accepted")["next_steps"])
    assert eventually(lambda: case.messages("case.not_accepted", "applicant"))
    assert case.document("refusal_notice", case.code)


def test_a_stranger_sees_nothing_and_a_reader_leaves_a_trace(system: System) -> None:
    case = Case.submitted(system)
    stranger = system.token("mediator", "--organisation", ORGANISATION, "--subject", "med-nobody")
    status, _ = system.call("GET", "routing", f"/v1/cases/{case.number}", headers=stranger)
    assert status == 404
    path = f"/v1/applications/{case.number}?purpose=examination&unmask=true"
    status, _ = system.call("GET", "intake", path, headers=stranger)
    assert status == 404

    def read() -> Any:
        found, shown = system.call("GET", "intake", path, headers=case.staff["mediator"])
        return found == 200 and shown  # once intake has heard whose case it is

    assert eventually(read)
    status, audit = system.call(
        "GET",
        "intake",
        f"/v1/audit?serial_number={case.number}",
        headers=case.staff["auditor"],
    )
    assert status == 200, audit
    assert [(line["role"], line["purpose"]) for line in audit["items"]] == [
        ("mediator", "examination")
    ]
    status, _ = system.call(
        "GET",
        "intake",
        f"/v1/audit?serial_number={case.number}",
        headers=case.staff["platform_admin"],
    )
    assert status == 403


def verified(history: Path) -> int:
    """Exit status of the offline verifier, which needs no settings and no back-end."""
    done = subprocess.run(
        [sys.executable, "-m", "services.query", "verify-history", str(history)],
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin"},
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.returncode in {0, 1}, done.stderr.decode()
    return done.returncode


pytestmark = pytest.mark.usefixtures("system")
