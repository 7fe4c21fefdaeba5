"""What intake takes out of a validated application for others to use, and nothing more.

Who the parties are (to be hashed), whom messages may reach (to be sealed), and the open part that
travels in clear. The other pure rules of intake: `persons` (facts of a person), `claims` (kinds,
arbitration limit), `employment`, `women_workers`, `retirement`, `triage` (flags), `working_days`,
`deadlines`, `next_steps`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from services.intake.persons import (
    Application,
    Person,
    applicants,
    identity,
    normal_number,
    normal_text,
    said,
)
from services.intake.preferences import contact_preferences
from shared.errors import Language

LONGEST_OPEN_CAUSE = 20
"""Characters of a cause that is a phrase of the field, not somebody's story."""

OWN_NOTIFY = "wants_messages"
"""What a respondent says itself of being told: no field of the form, which another fills in."""

_LANGUAGE_NAME = re.compile(r"[\u4e00-\u9fff]{1,5}[语文话]|[A-Za-z]{2,20}(-[A-Z]{2})?")
_KEYWORD = re.compile(r"[a-z][a-z0-9_]{0,39}")
_LONG_NUMBER = re.compile(r"\d{5,}")
_FOREIGN_ID_TYPES = frozenset({"passport", "foreign_permanent_residence"})
_INTERPRETER_FIELDS = ("interpreter_language", "needs_interpreter", "interpreter_needed")
_SIGN_LANGUAGE = "手语"


def parties_key_parts(application: Application) -> tuple[str, ...]:
    """What identifies "the same parties, the same cause", in one order for one dispute.

    The applicant, the respondents whatever their order, category and cause; personal, so only its
    keyed hash may be stored.
    """
    dispute = application["dispute"]
    return (
        identity(application["applicant"]),
        *sorted({identity(respondent) for respondent in application["respondents"]}),
        str(dispute["category"]),
        normal_text(str(dispute.get("cause") or "")),
    )


def identity_values(application: Application) -> tuple[str, ...]:
    """The identities of all parties and the agent, sorted, each once: for conflicts of interest."""
    parties = (*applicants(application), *application["respondents"], *_agents(application))
    return tuple(sorted({identity(party) for party in parties}))


def holder_values(application: Application) -> tuple[str, ...]:
    """The identity numbers whose owners see the case as their own: applicants and the agent."""
    holders = (*applicants(application), *_agents(application))
    numbers = {normal_number(str(p["id_number"])) for p in holders if p.get("id_number")}
    return tuple(sorted(numbers))


def contacts(application: Application) -> list[dict[str, Any]]:
    """Whom messages may reach: {party, index, name, phone, email, language, notify, prefers,
    large_print, push}.

    The applicant (0) and the other representatives of a collective (1, 2, …), the agent, the
    respondents in their order; personal, to be sealed. `notify` is false for an applicant who
    wants no messages, and for an agent who did not ask for them while the applicant has a phone
    and is no employer. Of a respondent only its own word counts (OWN_NOTIFY), not the applicant's.
    """
    language = contact_language(application)
    entries = [
        _contact(
            "applicant",
            index,
            person,
            _stated_language({"language": person.get("language")}) or language,
            notify=person.get("notify") is not False,
        )
        for index, person in enumerate(speakers(application))
    ]
    entries += [
        _contact("agent", 0, agent, _language(agent), notify=_agent_is_notified(application))
        for agent in _agents(application)
    ]
    entries += [
        _contact(
            "respondent",
            index,
            respondent,
            _language(respondent),
            notify=respondent.get(OWN_NOTIFY) is not False,
        )
        for index, respondent in enumerate(application["respondents"])
    ]
    return entries


def parties(application: Application) -> list[dict[str, Any]]:
    """Who takes part, by place and nature (PartyFacts): no name. Of a collective its speakers.

    A general agent may do everything but settle (民事诉讼法 62).
    """
    applicant_kind, respondent_kind = "person", "employer"
    if application["applicant_role"] == "employer":
        applicant_kind, respondent_kind = respondent_kind, applicant_kind
    rows = [("applicant", n, applicant_kind, True) for n in range(len(speakers(application)))]
    rows += [("agent", 0, "person", _may_settle(agent)) for agent in _agents(application)]
    rows += [
        ("respondent", n, respondent_kind, True) for n in range(len(application["respondents"]))
    ]
    return [{"party": p, "index": n, "kind": k, "may_settle": s} for p, n, k, s in rows]


def represented_count(application: Application) -> int:
    """How many apply without speaking for themselves."""
    return len(applicants(application)) - len(speakers(application))


def employer_values(application: Application) -> tuple[str, ...]:
    """The identities of the employers of a dispute: for early warning."""
    if application["applicant_role"] == "employer":
        return (identity(application["applicant"]),)
    return tuple(sorted({identity(respondent) for respondent in application["respondents"]}))


def contact_language(application: Application) -> Language:
    """`zh` or `en`: as stated, English for a foreigner in need of an interpreter, else Chinese."""
    return _stated_language(application) or _language(application["applicant"])


def open_part(application: Application, flags: Sequence[str]) -> dict[str, Any]:
    """The facts stored in clear and sent in application.submitted, none of them personal.

    A cause that is long, holds a long number or names somebody is a story: it is left out (null).
    """
    dispute = application["dispute"]
    return {
        "applicant_role": application["applicant_role"],
        "channel": _keyword(application.get("channel")),
        "category": dispute["category"],
        "cause": _open_cause(application),
        "flags": list(flags),
        "claims": [
            {
                "claim_type": _keyword(claim.get("claim_type")),
                "amount_cny": claim.get("amount_cny"),
            }
            for claim in application["claims"]
        ],
        "language": contact_language(application),
        "interpreter_language": _interpreter_language(application),
    }


def _agents(application: Application) -> tuple[Person, ...]:
    agent = application.get("agent")
    return (agent,) if agent else ()


def _may_settle(agent: Person) -> bool:
    return agent.get("authority") == "special" and "settle" in (agent.get("authority_scope") or ())


def speakers(application: Application) -> list[Person]:
    """The applicant, then the representatives among those who apply together."""
    first, *others = applicants(application)
    return [first, *(person for person in others if said(person.get("is_representative")))]


def _agent_is_notified(application: Application) -> bool:
    own_word: bool | None = application["agent"].get("notify")
    if own_word is not None:
        return own_word
    return (
        application["applicant_role"] == "employer"
        or said(application["agent"].get("notify_agent_too"))
        or not application["applicant"].get("phone")
    )


def _contact(
    party: str, index: int, person: Person, language: Language, *, notify: bool
) -> dict[str, Any]:
    return {
        "party": party,
        "index": index,
        "name": person.get("name"),
        "phone": person.get("phone"),
        "email": person.get("email"),
        "language": language,
        "notify": notify,
        **contact_preferences(person),
    }


def _stated_language(section: Person) -> Language | None:
    """`en` or `zh` of a code (en-GB) or a word (英语, Chinese); None for others and none."""
    stated = normal_text(str(section.get("language") or section.get("preferred_language") or ""))
    if stated.startswith(("en", "英")):
        return "en"
    return "zh" if stated.startswith(("zh", "中", "汉", "普通话", "chinese")) else None


def _language(person: Person) -> Language:
    stated = _stated_language(person)
    if stated:
        return stated
    needs = " ".join(str(person.get(name) or "") for name in _INTERPRETER_FIELDS)
    english = "英" in needs or "english" in needs.lower()
    foreign = person.get("id_type") in _FOREIGN_ID_TYPES and any(
        said(person.get(name)) for name in _INTERPRETER_FIELDS
    )
    return "en" if english or foreign else "zh"


def _interpreter_language(application: Application) -> str | None:
    """The first language asked for, as written; null if none is, or the answer is a sentence."""
    for person in applicants(application):
        for name in _INTERPRETER_FIELDS:
            value = person.get(name)
            if isinstance(value, str) and said(value):
                first = re.split(r"[、，,/;；或和]", value)[0].strip().removesuffix("翻译")
                if _LANGUAGE_NAME.fullmatch(first):
                    return first
        if said(person.get("sign_language_interpreter")):
            return _SIGN_LANGUAGE
    return None


def _open_cause(application: Application) -> str | None:
    cause = str(application["dispute"].get("cause") or "").strip()
    if not cause or len(cause) > LONGEST_OPEN_CAUSE or _LONG_NUMBER.search(cause):
        return None
    parties = (*applicants(application), *application["respondents"], *_agents(application))
    names = {
        normal_text(str(party[field]))
        for party in parties
        for field in ("name", "name_zh", "contact_name", "legal_representative")
        if party.get(field)
    }
    return None if any(name in normal_text(cause) for name in names) else cause


def _keyword(value: Any) -> str:
    """A keyword of a list as it is; anything freer becomes `other`."""
    return str(value) if _KEYWORD.fullmatch(str(value)) else "other"
