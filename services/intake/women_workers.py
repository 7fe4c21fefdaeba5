"""Which cases the women workers' rights station takes, on its fast track (速裁绿色通道)."""

from __future__ import annotations

import re
from datetime import date, timedelta

from services.intake.claims import pay_or_injury_claimed
from services.intake.employment import is_migrant, labour_relation_clear, new_employment_form
from services.intake.persons import Application, Person, civil_date, gender, says, workers
from shared.working_days import one_year_after

_PREGNANCY = timedelta(days=300)

_MATERNITY = (
    *("maternity_period", "is_pregnant", "pregnant", "pregnancy", "pregnancy_weeks"),
    "is_lactating",
)
_BIRTHS = (
    *("child_birth_date", "expected_due_date", "due_date", "expected_delivery_date"),
    *("expected_birth_date", "expected_date_of_delivery", "pregnancy_due_date"),
    *("miscarriage_date", "maternity_leave_started_on"),
)
_WOMENS_PROTECTION = (
    *("special_protection", "special_protection_of_women"),
    *("sexual_harassment", "gender_discrimination"),
)
_SPECIAL_PROTECTION = re.compile(
    r"女职工|孕|(?<![停生])产假|生育|哺乳|(?<!物)流产|婚育|性骚扰|性别歧视"
    r"|maternity|pregnan|childbirth|lactation|breastfeeding|sexual_harassment|gender_discrim"
)
"""Words of cause and claims (not 停产假期, not 物流产业): 女职工劳动保护特别规定 4-11,
妇女权益保障法 23, 25, 43-48."""


def protects_woman(application: Application, today: date) -> bool:
    """A woman worker's case for the women workers' rights station and its fast track.

    Maternity; a migrant worker's pay or injury benefits; a platform worker whose labour relation
    is clear; other special protection of women workers. The same four reasons open both.
    """
    return any(
        _maternity(person, application, today)
        or (is_migrant(person, application) and pay_or_injury_claimed(application))
        or (new_employment_form(application) and labour_relation_clear(application))
        or _special_protection(application)
        for person in workers(application)
        if gender(person) == "woman" or (gender(person) is None and _states_maternity(person))
    )


def _maternity(person: Person, application: Application, today: date) -> bool:
    """Pregnancy, childbirth or lactation now or when the right was infringed.

    Stated, or by the dates: from 300 days before a birth until the child is one year old
    (女职工劳动保护特别规定 5-9).
    """
    if says((person,), *_MATERNITY):
        return True
    known = civil_date(application["dispute"].get("known_infringement_on")) or today
    births = (civil_date(person.get(name)) for name in _BIRTHS)
    return any(
        birth - _PREGNANCY <= day <= one_year_after(birth)
        for birth in births
        if birth
        for day in (known, today)
    )


def _states_maternity(person: Person) -> bool:
    return says((person,), *_MATERNITY, *_BIRTHS)


def _special_protection(application: Application) -> bool:
    phrases = [application["dispute"].get("cause")]
    for claim in application["claims"]:
        phrases += [claim.get("claim_type"), claim.get("text")]
    return says((application["dispute"],), *_WOMENS_PROTECTION) or any(
        _SPECIAL_PROTECTION.search(str(phrase)) for phrase in phrases if phrase
    )
