"""Cases, organisations and mediators for tests: sensible unless a test says otherwise."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

from services.routing.directory import CaseFacts, Mediator, Organisation, Rota

CHINA = timezone(timedelta(hours=8))

WEDNESDAY_MORNING = datetime(2026, 11, 18, 10, 0, tzinfo=CHINA)

ON_CALL = Rota("on_call")


def stationed(*weekdays: int) -> Rota:
    return Rota("stationed", frozenset(weekdays))


def a_case(**changes: Any) -> CaseFacts:
    """A wage case of a street in 济南市历下区."""
    for name in ("flags", "party_hashes", "refused_mediators"):
        changes[name] = frozenset(changes.get(name, ()))
    return CaseFacts(**{"division": "370102013", "category": "pay_injury_compensation", **changes})


def an_organisation(**changes: Any) -> Organisation:
    """The mediation centre of 济南市历下区."""
    changes["categories"] = frozenset(changes.get("categories", ()))
    return Organisation(
        **{
            "id": "org-370102",
            "kind": "county",
            "name": "济南市历下区劳动人事争议调解中心（虚构）",
            "phone": "000-0000370102",
            "divisions": ("370102",),
            "capacity": 100,
            **changes,
        }
    )


def a_mediator(**changes: Any) -> Mediator:
    """A mediator of that centre, on call, with ten places."""
    for name in ("specialisms", "conflicts"):
        changes[name] = frozenset(changes.get(name, ()))
    changes["languages"] = frozenset({"zh", *changes.get("languages", ())})
    return Mediator(
        **{
            "id": "med-370102-01",
            "organisation": "org-370102",
            "name": "安禾",
            "capacity": 10,
            "rota": ON_CALL,
            **changes,
        }
    )


def a_submission(**changes: Any) -> dict[str, Any]:
    """The data of application.submitted, as intake publishes it."""
    return {
        "received_at": "2026-11-18T02:00:00.000Z",
        "applicant_role": "worker",
        "channel": "web",
        "division": {"code": "370102013", "name": "山东省济南市历下区姚家街道"},
        "category": "pay_injury_compensation",
        "cause": "拖欠劳动报酬",
        "flags": ["migrant_worker_wages"],
        "claims": [{"claim_type": "wage_arrears", "amount_cny": 20020.0}],
        "deadlines": [{"name": "acceptance_decision", "due_on": "2026-11-23"}],
        "language": "zh",
        "interpreter_language": None,
        "parties": [
            {"party": "applicant", "index": 0, "kind": "person", "may_settle": True},
            {"party": "respondent", "index": 0, "kind": "employer", "may_settle": True},
        ],
        "represented_count": 0,
        "party_hashes": ["hash-of-worker", "hash-of-employer"],
        "employer_hashes": ["hash-of-employer"],
        "respondent_code_hashes": ["hash-of-respondents-code"],
        "holder_hashes": ["hash-of-holder"],
        "query_code_hash": "hash-of-code",
        "query_code_expires_at": "2027-11-18T02:00:00.000Z",
        "phone_last4_hashes": ["hash-of-phone"],
        "contacts": "sealed",
        **changes,
    }
