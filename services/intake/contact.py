"""How a party can be reached, changed by itself; a masked value never takes the place of a real one.

A respondent's own words about itself do not become the applicant's: what the applicant had stated
is kept beside them (`stated_of_respondents` of the sealed part). Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

import orjson

from services.intake import domain, wording
from services.intake.form_parties import PREFERRED_CONTACTS, PUSH_DEVICE
from services.intake.handlers import (
    Secrets,
    contacts_context,
    last4_hashes,
    number_hash,
    sealed_with,
    sealing_context,
    with_codes,
)
from services.intake.holders import Seat
from services.intake.masking import MASK_CHARACTERS, mask
from services.intake.phone import Phone
from services.intake.preferences import wants_large_print
from services.intake.presenting import unsealed
from shared.contracts.envelope import NewEvent
from shared.contracts.faults import fault
from shared.contracts.fields import Choice, Code, Email, Flag, Str, tidy
from shared.contracts.schema import Body, read
from shared.decision import NOTHING, Decision, State
from shared.errors import FieldError, Refused

CHANGES_MOST: Final = 50
"""Changes of contact of one application, of all its parties."""

ADDRESSES: Final = ("phone", "email", "correspondence_address", "push_device")
FIELDS: Final = (*ADDRESSES, "preferred_contact", "language", "notify", "large_print")


class ContactChange(Body):
    """What is different now; what is left out stays. A value still masked means: as it is."""

    phone = Phone("联系电话")
    email = Email("电子邮箱")
    correspondence_address = Str("通信地址（文书送达地址）", 500)
    push_device = Code("接收应用推送的设备", PUSH_DEVICE)
    preferred_contact = Choice("首选联系方式", PREFERRED_CONTACTS)
    language = Choice("通知语言", ("zh", "en"))
    notify = Flag("是否接收通知")
    large_print = Flag("是否需要大字版通知")


_CHANGE = ContactChange()


def change(
    state: State,
    seat: Seat,
    identity: str | None,
    body: object,
    *,
    secrets: Secrets,
    today: date,
) -> Decision:
    """The party's contact changed and told to whoever sends messages; NOTHING if all is as it was.

    `identity` is the hash of the caller's token, which finds a worker among many. Refused:
    validation_failed (masked_value for a mask of something else, required for a phone taken away),
    forbidden for whoever has no section of its own, command_not_allowed once archived.
    """
    if state["status"] == "archived":
        extra = {"command": "change-contact", "case_status": state["status"], "allowed": []}
        raise Refused("command_not_allowed", extra=extra)
    opened = unsealed(state, secrets.applications)
    sections = _sections(opened["application"], seat, identity, secrets)
    if not sections:
        raise Refused("forbidden")
    current = sections[0]
    stated = read(_CHANGE, _unmasked(body, seat, current), today)
    changed = {
        _kept_as(name, seat): value
        for name, value in stated.items()
        if value != current.get(_kept_as(name, seat))
    }
    if not changed:
        return NOTHING
    if changed.get("phone", "") is None:
        raise Refused("validation_failed", errors=[fault("required").at("/phone")])
    if state.get("contact_changes", 0) >= CHANGES_MOST:
        raise Refused("validation_failed", errors=[fault("too_many", CHANGES_MOST).at("")])
    if seat.is_respondent:
        _keep_what_was_stated(opened, seat.index or 0, current, changed)
    for section in sections:
        section.update(changed)
    return _told(state, opened, secrets)


def current_contact(
    state: State, seat: Seat, identity: str | None, secrets: Secrets
) -> dict[str, Any]:
    """How the party can be reached now, its addresses masked, its wishes as they count."""
    application = unsealed(state, secrets.applications)["application"]
    section = _sections(application, seat, identity, secrets)[0]
    place = ("agent" if seat.by_agent else seat.party, seat.index)
    told = next((c for c in domain.contacts(application) if (c["party"], c["index"]) == place), {})
    return {name: mask(name, section.get(name)) for name in ADDRESSES} | {
        "preferred_contact": section.get("preferred_contact"),
        "language": told.get("language", "zh"),
        "notify": told.get("notify", False),  # nobody writes to who is represented by others
        "large_print": wants_large_print(section),
    }


def _kept_as(name: str, seat: Seat) -> str:
    """The field of the party's section that keeps it; see domain.OWN_NOTIFY."""
    return domain.OWN_NOTIFY if name == "notify" and seat.is_respondent else name


def _unmasked(body: object, seat: Seat, current: Mapping[str, Any]) -> object:
    """The body without values that are still the masks of what there is."""
    if not isinstance(body, dict):
        return body
    given = dict(body)
    errors: list[FieldError] = []
    for name in FIELDS:
        value = given.get(name)
        if not isinstance(value, str) or not MASK_CHARACTERS.search(value):
            continue
        if tidy(value) == mask(name, current.get(_kept_as(name, seat))):
            del given[name]
        else:
            errors.append(wording.fault("masked_value").at(f"/{name}"))
    if errors:
        raise Refused("validation_failed", errors=errors)
    return given


def _sections(
    application: Mapping[str, Any], seat: Seat, identity: str | None, secrets: Secrets
) -> list[dict[str, Any]]:
    """The sections of the form that speak of this party; of a worker also that in the roster."""
    if seat.is_respondent:
        return [application["respondents"][seat.index or 0]]
    if seat.by_agent:
        return [application["agent"]]
    applicant, roster = application["applicant"], application.get("co_applicants") or ()
    if seat.index == 0:
        number = applicant.get("id_number")
        same = [person for person in roster if number and person.get("id_number") == number]
        return [applicant, *same]
    return [person for person in roster if number_hash(secrets.hasher, person) == identity]


def _keep_what_was_stated(
    opened: dict[str, Any], index: int, current: Mapping[str, Any], changed: Mapping[str, Any]
) -> None:
    stated = opened.setdefault("stated_of_respondents", {}).setdefault(str(index), {})
    for name in changed:
        stated.setdefault(name, current.get(name))


def _told(state: State, opened: Mapping[str, Any], secrets: Secrets) -> Decision:
    serial = state["_id"]
    persons = domain.contacts(opened["application"])
    if opened.get("respondent_codes"):
        persons = with_codes(persons, opened["respondent_codes"])
    contacts = orjson.dumps({"persons": persons, "query_code": opened["query_code"]})
    last4 = last4_hashes(secrets.hasher, serial, persons)
    return Decision(
        set={
            "sealed": secrets.applications.seal_binary(
                orjson.dumps(opened), sealing_context(serial)
            ),
            "sealed_with": sealed_with(state, secrets),
            "phone_last4_hashes": last4,
            "contact_changes": state.get("contact_changes", 0) + 1,
        },
        events=[
            NewEvent(
                "application.contact_changed",
                {
                    "contacts": secrets.contacts.seal(contacts, contacts_context(serial)),
                    "phone_last4_hashes": last4,
                },
            )
        ],
    )
