"""Events as notify receives them in busy times: whole lives of many cases, mixed as they would be.

The steps of the cases are routing's own decisions (tests.builders.lives), so that the events say
what real ones say. All people are invented.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from random import Random
from typing import Any, Final

import orjson

from shared import serial
from shared.contracts.envelope import new_id
from shared.contracts.events import consumed_by
from shared.sealing import Keyring
from tests.builders import lives
from tests.builders.cases import a_mediator, an_organisation
from tests.builders.events import a_submission

ENDS: Final[Mapping[str, int]] = {
    "closed": 45,
    "failed": 25,
    "not_accepted": 15,
    "withdrawn": 10,
    "review_confirmed": 5,
}
"""How a hundred cases end."""

ORGANISATIONS, MEDIATORS = 20, 5
"""Bodies that the cases are spread over, and mediators of each."""

_WRITTEN: Final = ("acceptance_notice", "session_notice", "agreement")
_OPENING: Final = 3
"""Events that follow a submission within a moment: it is placed, and a mediator has it."""

Document = dict[str, Any]


def events(count: int, keyring: Keyring, seed: int = 1) -> list[bytes]:
    """At least `count` events in the order they come in: the opening of a case together, its later
    steps among those of thousands of others."""
    chance = Random(seed)
    known = {event.name for event in consumed_by("notify")}
    stream: list[tuple[float, bytes]] = []
    while len(stream) < count:
        opened = chance.random()
        later = opened
        for place, document in enumerate(_case(chance, keyring)):
            if place >= _OPENING:
                later += chance.random() * 0.05
            if _name(document) in known:
                stream.append((later, orjson.dumps(document)))
    stream.sort(key=lambda each: each[0])
    return [body for _, body in stream]


def bodies() -> Iterator[tuple[str, Sequence[str]]]:
    """Every organisation with its mediators, whose staff are told too."""
    for number in range(ORGANISATIONS):
        yield f"org-{number}", [f"med-{number}-{each}" for each in range(MEDIATORS)]


def _case(chance: Random, keyring: Keyring) -> Iterator[Document]:
    """All events of one case, from the submission on."""
    number = serial.draw(2026)
    contacts = orjson.dumps({"query_code": "K7RM2PXA", "persons": _people(chance)})
    sealed = keyring.seal(contacts, f"contacts:{number}")
    yield a_submission(serial=number, contacts=sealed).to_document()
    [end] = chance.choices(list(ENDS), list(ENDS.values()))
    steps = _life(end, chance.randrange(ORGANISATIONS), chance.randrange(MEDIATORS))
    papers = iter(_WRITTEN)
    for step in steps:
        yield {**step, "id": new_id(), "subject": number}
        if _name(step) in _WITH_A_PAPER and (kind := next(papers, None)):
            yield _paper(number, kind, step)


_WITH_A_PAPER: Final = frozenset(
    {"case.numbered", "case.session_scheduled", "case.agreement_signed"}
)


def _paper(number: str, kind: str, step: Document) -> Document:
    """A document that intake issues upon a step: nobody is told of it by message."""
    return {
        **step,
        "id": new_id(),
        "type": "cn.tiaojie.application.document_issued.v1",
        "source": "intake",
        "subject": number,
        "data": {
            "id": f"{kind}-1",
            "kind": kind,
            "number": 1,
            "issued_at": datetime.now(UTC).isoformat(),
            "sha256": "0" * 64,
            "history_hash": "1" * 64,
            "entitled": [lives.APPLICANT, lives.RESPONDENT],
        },
    }


@cache
def _life(end: str, body: int, person: int) -> Sequence[Document]:
    """What routing tells of such a case."""
    organisation = an_organisation(id=f"org-{body}")
    mediator = a_mediator(id=f"med-{body}-{person}", organisation=organisation.id)
    at = datetime.now(UTC)  # so that no session or day is over when its message is due
    document = lives.a_case_in(end, organisation=organisation, mediator=mediator, at=at)
    told: Sequence[Document] = document["outbox"]
    return told


def _people(chance: Random) -> list[Document]:
    """An applicant with a phone, mostly an e-mail address and sometimes an agent; an employer."""
    people = [_person(chance, "applicant", mobile=1.0, email=0.7)]
    if chance.random() < 0.2:
        people.append(_person(chance, "agent", mobile=1.0, email=0.5))
    people.append({**_person(chance, "respondent", mobile=0.8, email=0.6), "code": "B4NT8WQY"})
    return people


def _person(chance: Random, party: str, *, mobile: float, email: float) -> Document:
    digits = f"{chance.randrange(10**8):08}"
    return {
        "party": party,
        "index": 0,
        "phone": f"+86138{digits}" if chance.random() < mobile else f"+86531{digits}",
        "email": f"{party}{digits}@example.com" if chance.random() < email else None,
        "language": "en" if chance.random() < 0.05 else "zh",
        "notify": True,
    }


def _name(document: Document) -> str:
    name: str = document["type"].removeprefix("cn.tiaojie.").rpartition(".v")[0]
    return name
