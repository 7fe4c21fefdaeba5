"""One case in query as its parties know it: its codes, its phone, who they are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from services.query.handlers import HANDLERS
from shared.contracts.envelope import Event
from shared.sealing import Hasher, QueryCodes, identity_hash, phone_last4_hash
from tests.builders.applications import an_id_number
from tests.builders.events import a_submission
from tests.builders.histories import CONSENTED, EXAMINED, HANDED, NUMBER, Told, a_history
from tests.web import Web

CODE, FIRST_CODE, SECOND_CODE = "K7RM2PXA", "B4NT8WQY", "C5NT8WQZ"
LAST4 = "0011"
APPLICANT_ID, RESPONDENT_ID = an_id_number(), an_id_number(seed=9)

BEFORE_CONSENT = (*HANDED, *EXAMINED)
CONSENT_SOUGHT = (*BEFORE_CONSENT, CONSENTED[0])


def submitted(web: Web, number: str = NUMBER, **changes: Any) -> Event:
    hasher = Hasher.parse(web.settings.hashing_key)
    codes = QueryCodes(hasher)
    told = {
        "query_code_hash": codes.hash(number, CODE),
        "respondent_code_hashes": [codes.hash(number, c) for c in (FIRST_CODE, SECOND_CODE)],
        "respondent_hashes": ["hash-of-company", identity_hash(hasher, RESPONDENT_ID)],
        "phone_last4_hashes": [phone_last4_hash(hasher, number, "13800000011")],
        "holder_hashes": [identity_hash(hasher, APPLICANT_ID)],
    }
    return a_submission(serial=number, **{**told, **changes})


def learn(
    web: Web,
    steps: Sequence[Told],
    of_application: Sequence[Told] = (),
    submission: Event | None = None,
) -> list[Event]:
    """Tell query of the submission and what followed."""
    events = a_history(steps, of_application, submission=submission or submitted(web))
    web.runner(HANDLERS).apply([event.to_json() for event in events])
    assert not web.database.set_aside.count_documents({})
    return events
