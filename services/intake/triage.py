"""Triage: which flags an application carries. `RULES` below is the whole of it, one line a rule.

Every rule is pure and reads the validated application: answers to fields, claim types, the short
phrases of cause and claims. The narrative is never searched: words in a story are no facts, and
a mediator reads it anyway. "The worker" is the applicant, or the natural person an employer
applies against; requests (legal aid, support, urgency) count only from those who apply.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta

from services.intake import claims
from services.intake.employment import migrant_applies, new_employment_form, over_age_worker
from services.intake.persons import Application, applicants, born_on, said, says, workers
from services.intake.women_workers import protects_woman

COLLECTIVE_SIZE = 10
"""People with a common claim from which a dispute is collective (LDMA 7)."""

ELDER_AGE = 60
"""Years, 老年人权益保障法 2."""

LIMITATION_WARNING = timedelta(days=30)

_URGENCY = (
    *("urgent", "is_urgent", "urgency", "urgent_matter", "urgent_matters"),
    *("urgent_reason", "urgency_reason", "urgent_note"),
)
_INTERPRETER = (
    *("needs_interpreter", "interpreter_needed", "interpreter_language"),
    "sign_language_interpreter",
)
_ASSISTANCE = re.compile(
    r"needs_assistance|assistance(_needed|_reason|_note)?|accessibility_needs"
    r"|(literacy|reading|elder|elderly|disability)_assistance|(has_|is_)?disab\w*"
)
"""Field names that ask for help with reading, moving or using the service."""


def triage(application: Application, today: date) -> tuple[str, ...]:
    """The flags of the vocabulary that hold on `today` (Asia/Shanghai), sorted by name."""
    return tuple(
        sorted(flag for flags, holds in RULES if holds(application, today) for flag in flags)
    )


def _collective(application: Application, _: date) -> bool:
    """Ten or more workers with a common claim, LDMA 7."""
    return application["applicant_role"] == "worker" and (
        len(applicants(application)) >= COLLECTIVE_SIZE
    )


def _priority(application: Application, today: date) -> bool:
    """A collective dispute, or one that is said to be urgent."""
    sections = (application, application["applicant"], application["dispute"])
    return _collective(application, today) or says(sections, *_URGENCY)


def _migrant_worker_wages(application: Application, _: date) -> bool:
    """A migrant worker claims pay, 保障农民工工资支付条例 2."""
    return migrant_applies(application) and "pay" in claims.kinds(application)


def _work_injury(application: Application, _: date) -> bool:
    """Injury at work or occupational disease, 工伤保险条例 14, 15."""
    return claims.about_injury(application)


def _new_employment_form(application: Application, _: date) -> bool:
    """Work through a platform (riders, drivers)."""
    return new_employment_form(application)


def _multiple_respondents(application: Application, _: date) -> bool:
    return len(application["respondents"]) > 1


def _employer_applicant(application: Application, _: date) -> bool:
    return bool(application["applicant_role"] == "employer")


def _agent(application: Application, _: date) -> bool:
    return bool(application.get("agent"))


def _non_mainland_identity(application: Application, _: date) -> bool:
    """A person on either side has another identity document than the resident id."""
    people = (*applicants(application), *workers(application))
    return any(person.get("id_type") not in (None, "resident_id") for person in people)


def _interpreter_needed(application: Application, _: date) -> bool:
    people = (*applicants(application), *workers(application))
    return says(people, *_INTERPRETER)


def _assistance_needed(application: Application, today: date) -> bool:
    """An applicant who asks for help with reading, seeing or moving, or is an elder."""
    asked = any(
        said(answer)
        for person in applicants(application)
        for name, answer in person.items()
        if _ASSISTANCE.fullmatch(name)
    )
    birth = born_on(application["applicant"])
    return asked or (birth is not None and _age(birth, today) >= ELDER_AGE)


def _legal_aid_requested(application: Application, _: date) -> bool:
    return says(applicants(application), "wants_legal_aid", "legal_aid", "legal_aid_requested")


def _legal_aid_without_means_test(application: Application, _: date) -> bool:
    """A migrant worker claims pay or damages for an injury at work, 法律援助法 42(3)."""
    return migrant_applies(application) and claims.pay_or_injury_claimed(application)


def _psychological_support(application: Application, _: date) -> bool:
    return says(applicants(application), "wants_psychological_support", "psychological_support")


def _limitation_risk(application: Application, today: date) -> bool:
    """The arbitration limit is past or within 30 days, LDMA 27: a warning, never a refusal."""
    limit = claims.arbitration_limit(application)
    return limit is not None and limit - today <= LIMITATION_WARNING


Rule = Callable[[Application, date], bool]

RULES: tuple[tuple[tuple[str, ...], Rule], ...] = (
    (("collective",), _collective),
    (("priority",), _priority),
    (("women_workers", "fast_track"), protects_woman),
    (("migrant_worker_wages",), _migrant_worker_wages),
    (("work_injury",), _work_injury),
    (("new_employment_form",), _new_employment_form),
    (("over_age_worker",), over_age_worker),
    (("multiple_respondents",), _multiple_respondents),
    (("employer_applicant",), _employer_applicant),
    (("agent",), _agent),
    (("non_mainland_identity",), _non_mainland_identity),
    (("interpreter_needed",), _interpreter_needed),
    (("assistance_needed",), _assistance_needed),
    (("legal_aid_requested",), _legal_aid_requested),
    (("legal_aid_without_means_test",), _legal_aid_without_means_test),
    (("psychological_support",), _psychological_support),
    (("limitation_risk",), _limitation_risk),
)
"""Every flag of the vocabulary beside the rule that raises it."""


def _age(birth: date, today: date) -> int:
    return today.year - birth.year - ((today.month, today.day) < (birth.month, birth.day))
