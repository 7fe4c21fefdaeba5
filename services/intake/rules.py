"""What must hold across the fields of an application; each rule yields errors at their places.

A rule sees the normalised form without its faulty fields (`schema.Rule`): what is absent is
either optional or already told, so a rule is silent where it cannot know.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from services.intake import wording
from services.intake.form import MAX_ATTACHMENT_BYTES
from services.intake.identity import identity_fault, uscc_fault
from shared import divisions
from shared.contracts.faults import fault as common_fault
from shared.contracts.schema import Rule
from shared.errors import FieldError

Form = Mapping[str, Any]

COLLECTIVE_SIZE = 10
"""Applicants from which representatives speak for all (LDMA 7)."""

REPRESENTATIVES = (3, 5)
"""Least and most representatives, 劳动人事争议仲裁办案规则 7."""

HEALTH_FIELDS = frozenset(
    {
        *("maternity_period", "expected_due_date", "is_pregnant", "pregnant", "pregnancy"),
        *("pregnancy_weeks", "due_date", "expected_delivery_date", "expected_birth_date"),
        *("expected_date_of_delivery", "pregnancy_due_date", "is_lactating", "miscarriage_date"),
        *("disability", "has_disability", "is_disabled", "disability_type", "disability_level"),
        *("disability_grade", "disability_certificate_number", "health_condition"),
    }
)
"""Fields of a person that are health information (PIPL 28, 29: separate consent)."""

INJURY_FIELDS = frozenset(
    {
        *("injury_date", "injury_part", "injury_description", "injury_level", "injury_grade"),
        *("disability_grade", "disability_level", "diagnosis", "hospital", "occupational_disease"),
        "occupational_disease_diagnosed_on",
    }
)
MEDICAL_EVIDENCE = frozenset(
    {"medical", "medical_record", "diagnosis", "hospital_record", "injury_certificate"}
)

SHOWN_MASKED = (
    *("email", "name", "name_zh", "name_en", "name_pinyin", "former_name", "contact_name"),
    *("guardian_name", "emergency_contact_name", "legal_representative", "address"),
    *("correspondence_address", "residence_address", "current_address", "household_address"),
    *("household_registration", "registered_address", "business_address", "office_address"),
)
"""Fields in which a mask has the right form."""

_MASK = re.compile("[*＊●]")

_WORK_PERIODS = (
    ("started_on", "ended_on"),
    ("contract_started_on", "contract_ends_on"),
    ("contract_starts_on", "contract_ends_on"),
)
_CLAIM_PERIODS = (
    ("period_from", "period_to"),
    ("period_start", "period_end"),
    ("from_date", "to_date"),
)

_REQUIRED = common_fault("required")


def unmasked(form: Form, _: date) -> Iterator[FieldError]:
    """Names and addresses are whole: what was shown masked never takes the place of the real
    value. Numbers and phones with a mask have the wrong form already."""
    for pointer, person in _people(form):
        for name in SHOWN_MASKED:
            value = person.get(name)
            if isinstance(value, str) and _MASK.search(value):
                yield wording.fault("masked_value").at(f"{pointer}/{name}")


def identities(form: Form, today: date) -> Iterator[FieldError]:
    """Identity numbers can be real; a number comes with its kind and the other way round."""
    for pointer, person in _people(form):
        number, kind = person.get("id_number"), person.get("id_type")
        if number and kind:
            code = identity_fault(kind, number, today)
            if code:
                yield wording.fault(code).at(f"{pointer}/id_number")
        elif number or kind:
            yield _REQUIRED.at(f"{pointer}/{'id_type' if number else 'id_number'}")


def units(form: Form, _: date) -> Iterator[FieldError]:
    """Social credit codes can be real."""
    for pointer, party in _parties(form):
        code = party.get("uscc")
        if code:
            problem = uscc_fault(code)
            if problem:
                yield wording.fault(problem).at(f"{pointer}/uscc")


def applicant(form: Form, _: date) -> Iterator[FieldError]:
    """The applicant is of the kind its section is for, and can be identified and reached.

    A respondent needs only a name: nobody knows all about the other side.
    """
    party = form.get("applicant") or {}
    kind = party.get("party_type")
    if not kind:
        return
    role = form.get("applicant_role")
    if role and (role == "employer") != (kind == "employer"):
        yield wording.fault("role_mismatch").at("/applicant/party_type")
        return
    needed = ("uscc", "phone") if kind == "employer" else ("id_type", "id_number", "phone")
    for name in needed:
        if not party.get(name):
            yield _REQUIRED.at(f"/applicant/{name}")


def parties_differ(form: Form, _: date) -> Iterator[FieldError]:
    """No respondent is the applicant."""
    party = form.get("applicant") or {}
    for index, respondent in enumerate(form.get("respondents") or ()):
        for name in ("id_number", "uscc"):
            if respondent and party.get(name) and respondent.get(name) == party[name]:
                yield wording.fault("same_as_applicant").at(f"/respondents/{index}/{name}")


def collective(form: Form, _: date) -> Iterator[FieldError]:
    """Everybody is listed once; ten or more name 3 to 5 representatives who can be reached."""
    people = form.get("co_applicants")
    if not people:
        return
    numbers: set[str] = set()
    representatives = 0
    for index, person in enumerate(people):
        number = (person or {}).get("id_number")
        if number in numbers:
            yield wording.fault("duplicate_person").at(f"/co_applicants/{index}/id_number")
        if number:
            numbers.add(number)
        if person and person.get("is_representative"):
            representatives += 1
            if not person.get("phone"):
                yield _REQUIRED.at(f"/co_applicants/{index}/phone")
    leader = (form.get("applicant") or {}).get("id_number")
    applies_too = leader is not None and leader not in numbers
    least, most = REPRESENTATIVES
    if len(people) + applies_too >= COLLECTIVE_SIZE and not least <= representatives <= most:
        yield wording.fault("representatives_required").at("/co_applicants")


def agent(form: Form, _: date) -> Iterator[FieldError]:
    """Special authority names the acts it covers (民事诉讼法 62)."""
    person = form.get("agent") or {}
    if person.get("authority") == "special" and not person.get("authority_scope"):
        yield wording.required(wording.SCOPE_MISSING).at("/agent/authority_scope")


def division(form: Form, _: date) -> Iterator[FieldError]:
    """The county exists, the township too and lies in it.

    In the few cities without counties (东莞, 中山, 儋州, 嘉峪关) the city stands for the county.
    """
    chosen = form.get("submit_division") or {}
    county_code, township_code = chosen.get("county_code"), chosen.get("township_code")
    if county_code:
        county = divisions.find(county_code)
        if county is None or not _serves_as_county(county):
            yield wording.fault("unknown_division").at("/submit_division/county_code")
            return
    if township_code:
        township = divisions.find(township_code)
        if township is None or township.level != "township":
            yield wording.fault("unknown_division").at("/submit_division/township_code")
        elif county_code and not divisions.is_within(township_code, county_code):
            yield FieldError(
                "/submit_division/township_code", "unknown_division", wording.TOWNSHIP_ELSEWHERE
            )


def _serves_as_county(place: divisions.Division) -> bool:
    if place.level == "city":
        return all(below.level == "township" for below in divisions.children(place.code))
    return place.level == "county"


def periods(form: Form, _: date) -> Iterator[FieldError]:
    """Nothing ends before it begins."""
    yield from _reversed("/employment", form.get("employment") or {}, _WORK_PERIODS)
    for index, claim in enumerate(form.get("claims") or ()):
        yield from _reversed(f"/claims/{index}", claim or {}, _CLAIM_PERIODS)
    for index, person in enumerate(form.get("co_applicants") or ()):
        yield from _reversed(f"/co_applicants/{index}", person or {}, _WORK_PERIODS[:1])


def _reversed(
    pointer: str, section: Form, ends: tuple[tuple[str, str], ...]
) -> Iterator[FieldError]:
    for begins_on, ends_on in ends:
        first, last = section.get(begins_on), section.get(ends_on)
        if first and last and last < first:
            yield wording.fault("before_start").at(f"{pointer}/{ends_on}")


def attachments(form: Form, _: date) -> Iterator[FieldError]:
    """No file is larger than 50 MiB, no name leads to another folder."""
    for index, file in enumerate(form.get("attachments") or ()):
        if not file:
            continue
        if (file.get("size_bytes") or 0) > MAX_ATTACHMENT_BYTES:
            yield wording.fault("attachment_too_large").at(f"/attachments/{index}/size_bytes")
        name = file.get("file_name") or ""
        if "/" in name or "\\" in name or name in {".", ".."}:
            yield wording.fault("bad_file_name").at(f"/attachments/{index}/file_name")


def consents(form: Form, _: date) -> Iterator[FieldError]:
    """The declaration of truth and the consents the application needs are given."""
    given = form.get("consents")
    if given is None:
        return
    for name in ("truthfulness", "personal_information"):
        if given.get(name) is False:
            yield wording.fault("consent_required").at(f"/consents/{name}")
    if not given.get("sensitive_health_information") and _tells_of_health(form):
        refused = given.get("sensitive_health_information") is False
        code = "consent_required" if refused else "required"
        yield FieldError("/consents/sensitive_health_information", code, wording.HEALTH_MISSING)


def _tells_of_health(form: Form) -> bool:
    sections = [(HEALTH_FIELDS, person) for _, person in _people(form)]
    sections.append((INJURY_FIELDS, form.get("dispute") or {}))
    stated = any(
        not names.isdisjoint(section) and any(section.get(name) for name in names)
        for names, section in sections
    )
    files = form.get("attachments") or ()
    return stated or any(file and file.get("kind") in MEDICAL_EVIDENCE for file in files)


def _people(form: Form) -> Iterator[tuple[str, Form]]:
    """Every section that may state a natural person's identity, with its pointer."""
    yield from _parties(form)
    if form.get("agent"):
        yield "/agent", form["agent"]
    for index, person in enumerate(form.get("co_applicants") or ()):
        if person:
            yield f"/co_applicants/{index}", person


def _parties(form: Form) -> Iterator[tuple[str, Form]]:
    if form.get("applicant"):
        yield "/applicant", form["applicant"]
    for index, party in enumerate(form.get("respondents") or ()):
        if party:
            yield f"/respondents/{index}", party


RULES: tuple[Rule, ...] = (
    unmasked,
    identities,
    units,
    applicant,
    parties_differ,
    collective,
    agent,
    division,
    periods,
    attachments,
    consents,
)
"""Every rule, in the order of the form."""
