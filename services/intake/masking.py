"""The small eye (小眼睛): an application as it is shown before anybody asks to see more.

What is open is listed; everything else is masked, so that a field the form gains later is masked
until somebody decides otherwise. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import orjson

from services.intake.handlers import sealing_context
from services.intake.holders import Seat
from services.intake.presenting import unsealed
from shared.civil_time import rfc3339
from shared.contracts.lifecycle import STATUSES
from shared.errors import Language
from shared.sealing import Keyring

Application = Mapping[str, Any]

HIDDEN: Final = "***"
"""What stands for words, numbers, dates and answers of yes and no."""

MASK_CHARACTERS: Final = re.compile("[*＊●•∙◦○•…※█■▇✱✲]")
"""What masks are made of, ours and those of other programs."""

_PERSON: Final = frozenset(
    {"party_type", "unit_type", "id_type", "authority", "authority_scope", "is_representative"}
)
_OPEN: Final[Mapping[str, frozenset[str]]] = {
    "": frozenset({"channel", "applicant_role", "language"}),
    "applicant": _PERSON,
    "agent": _PERSON,
    "co_applicants": _PERSON,
    "respondents": _PERSON,
    "submit_division": frozenset(
        f"{level}_{part}"
        for level in ("province", "city", "county", "township")
        for part in ("code", "name")
    ),
    "dispute": frozenset({"category"}),
    "claims": frozenset({"claim_type", "amount_cny"}),
    "attachments": frozenset({"kind", "content_type", "size_bytes"}),
    "consents": frozenset(
        {"truthfulness", "personal_information", "electronic_service"}
        | {"sensitive_health_information"}
    ),
}
"""Section of the form → its fields that name nobody and tell nobody's story."""


def masked(application: Application) -> dict[str, Any]:
    """The application with every personal value masked, in the same shape; unset values stay so."""
    return {
        name: value
        if name in _OPEN[""]
        else _section(value, _OPEN.get(name, frozenset()))
        if isinstance(value, dict) or _is_list_of_objects(value)
        else mask(name, value)
        for name, value in application.items()
    }


def mask(name: str, value: Any) -> Any:
    """The mask of a field's value: the same for the same value, and telling little of it."""
    if value is None:
        return None
    if isinstance(value, list):
        return [mask(name, each) for each in value]
    if not isinstance(value, str):
        return HIDDEN
    for shape, cover in _COVERS:
        if shape.fullmatch(name):
            return cover(value)
    return HIDDEN


def own_view(
    document: Mapping[str, Any], seat: Seat, keyring: Keyring, language: Language, *, unmask: bool
) -> dict[str, Any]:
    """The application as one of its parties may see it, masked unless it asks for more.

    Applicants and their agent see what they sent; a respondent sees who applies for what against
    it, and its own section. Whoever is represented in a collective sees it masked.
    """
    opened = unsealed(document, keyring)
    is_open = unmask and seat.index is not None
    if seat.is_respondent:
        application = _for_respondent(opened["application"], seat.index or 0)
        supplements: list[dict[str, Any]] = []
    else:
        application = as_the_applicant_stated(opened)
        supplements = supplements_of(document, keyring)
    if not is_open:
        application = masked(application)
        supplements = [{**s, "statement": mask("statement", s["statement"])} for s in supplements]
    return {
        "serial_number": document["_id"],
        "status": document["status"],
        "status_text": STATUSES[document["status"]].to(language),
        "received_at": rfc3339(document["received_at"]),
        "division": {"code": document["division_code"], "name": document["division_name"]},
        "party": seat.party,
        "index": seat.index,
        "masked": not is_open,
        "application": application,
        "supplements": supplements,
    }


def as_the_applicant_stated(opened: Mapping[str, Any]) -> dict[str, Any]:
    """The application without what respondents told of themselves later."""
    stated: Mapping[str, Mapping[str, Any]] = opened.get("stated_of_respondents") or {}
    application: dict[str, Any] = dict(opened["application"])
    application["respondents"] = [
        {**respondent, **stated.get(str(index), {})}
        for index, respondent in enumerate(application["respondents"])
    ]
    return application


def _for_respondent(application: Application, index: int) -> dict[str, Any]:
    """Who applies for what, without anybody's numbers, contacts, story or evidence."""
    shown = {
        name: application[name]
        for name in ("applicant_role", "submit_division")
        if name in application
    }
    return {
        **shown,
        "applicant": _only(application["applicant"], ("party_type", "name")),
        "respondents": [
            respondent if place == index else _only(respondent, ("party_type", "name"))
            for place, respondent in enumerate(application["respondents"])
        ],
        "dispute": _only(application["dispute"], ("category", "cause")),
        "claims": [
            _only(claim, ("claim_type", "text", "amount_cny")) for claim in application["claims"]
        ],
    }


def _only(section: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    return {name: section[name] for name in names if name in section}


def supplements_of(document: Mapping[str, Any], keyring: Keyring) -> list[dict[str, Any]]:
    """What was said after the application, opened, in its order."""
    context = sealing_context(document["_id"])
    return [
        {
            "received_at": rfc3339(added["at"]),
            "statement": orjson.loads(keyring.open(added["sealed"], context)).get("statement"),
        }
        for added in document["supplements"]
    ]


def _section(section: Any, is_open: frozenset[str]) -> Any:
    if isinstance(section, list):
        return [_section(each, is_open) for each in section]
    return {n: v if n in is_open else mask(n, v) for n, v in section.items()}


def _is_list_of_objects(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(each, dict) for each in value)


def _name(value: str) -> str:
    return f"{value[0]}{'*' * max(1, min(len(value) - 1, 8))}"


def _phone(value: str) -> str:
    """The last four digits open the progress, so only two of them are shown."""
    number = value.partition(";")[0].removeprefix("+86")
    return f"{number[:3]}{'*' * max(1, len(number) - 5)}{number[-2:]}"


def _number(value: str) -> str:
    return f"{value[0]}{'*' * max(1, len(value) - 2)}{value[-1]}" if len(value) > 4 else HIDDEN


def _email(value: str) -> str:
    return f"{value[0]}***@{value.rpartition('@')[2]}"


def _address(value: str) -> str:
    return f"{value[:3]}***" if len(value) > 6 else HIDDEN


_COVERS: Final[Sequence[tuple[re.Pattern[str], Callable[[str], str]]]] = (
    (re.compile(r"(.+_)?phone|landline|fax"), _phone),
    (re.compile(r"email"), _email),
    (re.compile(r"(.+_)?address"), _address),
    (re.compile(r"name|name_zh|contact_name|legal_representative"), _name),
    (re.compile(r"id_number|uscc|passport_number|travel_permit_number"), _number),
)
"""Fields of which a little is shown, so that their owner recognises them."""
