"""Facts about the work: who does it for whom, on which footing, and past which age."""

from __future__ import annotations

import re
from datetime import date

from services.intake.persons import (
    Application,
    Person,
    applicants,
    born_on,
    civil_date,
    gender,
    said,
    says,
    workers,
)
from services.intake.retirement import RetirementGroup, reaches_retirement_age

_MIGRANT = ("is_migrant_worker", "migrant_worker", "is_migrant")
_PENSION = ("receives_pension", "pension_received", "is_retired")

_PLATFORM_JOBS = re.compile(r"外卖员|送餐|骑手|网约|闪送|众包|代驾|即时配送|同城配送|货运平台")
_NO_LABOUR_CONTRACT = re.compile(r"cooperat|service|contractor|合作|承揽|劳务(?!派遣)|居间")

_WORKERS_POST = re.compile(r"工人|工勤|生产|操作|production|worker")


def is_migrant(person: Person, application: Application) -> bool:
    """Whether a person is a migrant worker (农民工), stated of the person or of the work."""
    return says((person, application.get("employment")), *_MIGRANT)


def migrant_applies(application: Application) -> bool:
    return application["applicant_role"] == "worker" and any(
        is_migrant(person, application) for person in applicants(application)
    )


def new_employment_form(application: Application) -> bool:
    """Work through a platform, as stated; only a form without the question is read by job."""
    employment = application.get("employment") or {}
    if employment.get("new_employment_form") is not None:
        return said(employment["new_employment_form"])
    return says((employment,), "platform", "platform_name", "platform_company") or bool(
        _PLATFORM_JOBS.search(str(employment.get("job_title") or ""))
    )


def labour_relation_clear(application: Application) -> bool:
    """Nobody asks to have the relation confirmed, and it is stated, contracted or insured."""
    employment = application.get("employment") or {}
    asked = {application["dispute"]["category"]}
    asked |= {str(claim.get("claim_type")) for claim in application["claims"]}
    if any(topic.startswith("confirm") for topic in asked):
        return False
    if employment.get("labour_relation_clear") is not None:
        return said(employment["labour_relation_clear"])
    terms = f"{employment.get('contract_term')} {employment.get('contract_type')}"
    contract = says((employment,), "contract_signed") and not _NO_LABOUR_CONTRACT.search(terms)
    return contract or says((employment,), "social_insurance_paid")


def over_age_worker(application: Application, today: date) -> bool:
    """The worker had reached the statutory retirement age by the last day of work.

    A woman's age depends on her post, which forms rarely ask: unless `employment.post_category`
    or a pension tells, the later age counts. Work that ended before is an ordinary relation.
    """
    ended = civil_date((application.get("employment") or {}).get("ended_on"))
    last_day = min(ended, today) if ended else today
    return any(
        reaches_retirement_age(birth, _retirement_group(person, application)) <= last_day
        for person in workers(application)
        if (birth := born_on(person))
    )


def _retirement_group(person: Person, application: Application) -> RetirementGroup:
    """The latest retirement age that can be the person's: nobody is called past it by mistake."""
    if gender(person) != "woman":
        return "men"
    employment = application.get("employment") or {}
    workers_post = _WORKERS_POST.search(str(employment.get("post_category")))
    retired = says((person, employment), *_PENSION)
    return "women_50" if workers_post or retired else "women_55"
