"""Guidance says something for every kind of dispute, and all it says rests on an article there is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from services.query.guidance.calculators.catalogue import CALCULATORS
from services.query.guidance.claims import CLAIMS
from services.query.guidance.clocks import CASE_CLOCKS
from services.query.guidance.evidence import BURDENS, EVIDENCE
from services.query.guidance.guide import Dispute, guidance, guidance_url
from services.query.guidance.norms import NORMS, Source, cite
from services.query.guidance.places import PLACES
from services.query.guidance.statement import Statement, concerning
from services.query.guidance.steps import STEPS
from services.query.policies.policy import REPLACED, short_title
from services.query.policies.sources import read_statutes, statutes_path
from shared.contracts.vocabulary import CATEGORIES, FLAGS
from shared.errors import Language

TODAY = date(2026, 11, 25)
CATALOGUES = {"steps": STEPS, "evidence": EVIDENCE, "claims": CLAIMS, "places": PLACES}
EVERYTHING: tuple[Statement, ...] = (*STEPS, *EVIDENCE, *CLAIMS, *PLACES)


def told(category: str, *flags: str, language: Language = "zh", **days: date) -> dict[str, Any]:
    return guidance(Dispute(category, flags, None, days), TODAY, language)


def ids(answer: dict[str, Any], part: str) -> list[str]:
    return [each["id"] for each in answer[part]]


def cited() -> Iterator[Source]:
    yield from (statement.source for statement in EVERYTHING)
    yield from (clock.source for clock in CASE_CLOCKS)
    for calculator in CALCULATORS.values():
        yield from calculator.sources
        yield from (asked.source for asked in calculator.inputs if asked.source)


@pytest.mark.parametrize("part", CATALOGUES)
@pytest.mark.parametrize("category", CATEGORIES)
def test_every_category_has_its_own_steps_evidence_claims_and_places(part, category):
    found = concerning(CATALOGUES[part], category, ())
    assert found
    own = [statement for statement in found if category in statement.when.categories]
    assert own or part == "places"


@pytest.mark.parametrize("flag", FLAGS)
def test_every_flag_has_something_said_about_it(flag):
    assert any(flag in statement.when.flags for statement in EVERYTHING)


CLAIMS_OF_EMPLOYERS = {"employer_damages", "employer_pay_claims"}
CLAIMS_OF_BOTH = {"arbitration_limit", "training_penalty_cap", "personnel_claims", "other_claims",
                  "confirm_relation"}  # fmt: skip
OF_WORKERS = {
    "steps": {"dismissal_choice", "resign_for_cause", "pay_inspection", "sue_final", "aid_ask",
              "aid_no_test", "migrant_general_contractor", "insurance_loss"},
    "evidence": {"women_papers", "hardship_papers", "no_test_papers", "resignation_letter", "iou"},
    "places": {"union", "labour_inspection", "legal_aid_without_means_test", "womens_hotline"},
    "clocks": {"injury_recognition_worker"},
}  # fmt: skip
OF_LABOUR_RELATIONS = {
    "steps": {"contract_written", "dismissal_choice", "resign_for_cause", "insurance_loss"},
    "claims": {"double_wage", "economic_compensation", "damages_dismissal", "go_on", "notice_pay",
               "open_ended_contract", "probation_damages", "medical_period", "insurance_damages"},
}  # fmt: skip
TO_MEDIATION_AND_ARBITRATION = {
    "steps": {"apply", "mediate", "agree", "arbitrate", "sue", "limitation_now"},
    "claims": {"arbitration_limit"},
    "places": {"arbitration_commission"},
    "clocks": {"arbitration_limitation", "acceptance_decision", "right_to_arbitrate", "lawsuit"},
}
TAKEN_OF_THE_OVER_AGED = {
    "pay_injury_compensation",
    "hours_leave_insurance_training",
    "other_by_law",
}


def names(category: str, *flags: str) -> dict[str, set[str]]:
    answer = told(category, *flags)
    return {part: set(ids(answer, part)) for part in CATALOGUES} | {
        "clocks": {clock["name"] for clock in answer["clocks"]}
    }


@pytest.mark.parametrize("flag", [*FLAGS, "none"])
@pytest.mark.parametrize("category", CATEGORIES)
def test_each_side_is_told_what_is_its_own(category, flag):
    flags = {flag} & set(FLAGS)
    employers = names(category, *(flags | {"employer_applicant"}))
    assert employers["claims"]
    assert employers["claims"] <= CLAIMS_OF_EMPLOYERS | CLAIMS_OF_BOTH
    for part, of_workers in OF_WORKERS.items():
        assert not employers[part] & of_workers
    workers = names(category, *(flags - {"employer_applicant"}))
    assert not workers["claims"] & CLAIMS_OF_EMPLOYERS
    assert not workers["steps"] & {"employer_prepare", "employer_union", "set_aside"}
    assert "award_set_aside" not in workers["clocks"]


@pytest.mark.parametrize("flag", FLAGS)
@pytest.mark.parametrize("category", CATEGORIES)
def test_past_retirement_age_nothing_is_promised_that_only_a_labour_relation_gives(category, flag):
    found = names(category, "over_age_worker", flag)
    for part, of_relations in OF_LABOUR_RELATIONS.items():
        assert not found[part] & of_relations
    assert "over_age_scope" in found["steps"]
    for part, ways in TO_MEDIATION_AND_ARBITRATION.items():
        assert bool(found[part] & ways) == (category in TAKEN_OF_THE_OVER_AGED)


def test_an_award_that_is_final_for_the_employer_is_set_aside_and_not_sued_over():
    employer = names("pay_injury_compensation", "employer_applicant")
    assert "set_aside" in employer["steps"]
    assert "award_set_aside" in employer["clocks"]
    assert "set_aside" not in names("personnel", "employer_applicant")["steps"]


def test_a_dismissal_while_ill_is_spoken_of_where_dismissals_are():
    assert "medical_period" in names("dismissal_resignation")["claims"]
    assert "medical_period" not in names("hours_leave_insurance_training")["claims"]


def test_every_statement_is_named_once_in_its_catalogue_and_for_known_categories_and_flags():
    for catalogue in CATALOGUES.values():
        assert max(Counter(statement.id for statement in catalogue).values()) == 1
    for statement in EVERYTHING:
        assert statement.when.categories <= set(CATEGORIES)
        assert statement.when.flags | statement.when.unless <= set(FLAGS)


@pytest.fixture(scope="module")
def held() -> dict[tuple[str, str], str]:
    """The texts of the articles in the statutes package, by short title and number."""
    return {
        (short_title(policy.title), article.number): article.text
        for policy in read_statutes(statutes_path()).policies
        for article in policy.articles
    }


def test_every_article_cited_that_the_statutes_package_holds_exists(held):
    titles = {title for title, _ in held}
    checked = 0
    for source in cited():
        if source.norm.zh in titles:
            assert (source.norm.zh, source.article) in held, source.label("zh")
            checked += 1
    assert checked > 100


def test_no_article_is_cited_that_a_later_law_has_replaced():
    assert not [s for s in cited() if (s.norm.zh, s.article) in REPLACED]


@pytest.mark.parametrize(
    "statement, phrase",
    [
        ("resign_for_cause", "劳动者依照本法第三十八条规定解除劳动合同的"),
        ("insurance_collect", "举报、投诉"),
        ("confirm", "司法确认"),
        ("enforce", "申请执行"),
        ("sue", "本法第四十七条规定以外"),
        ("sue_final", "劳动者对本法第四十七条规定的仲裁裁决不服"),
        ("set_aside", "中级人民法院申请撤销"),
        ("arbitrate", "十五日内未达成调解协议"),
        ("dismissal_reason", "解除或者终止劳动合同的证明"),
        ("damages_dismissal", "二倍"),
        ("medical_period", "在规定的医疗期内"),
        ("injury_fund_advances", "先行支付"),
        ("unpaid_wages", "百分之五十以上百分之一百以下"),
    ],
)
def test_the_article_cited_says_it(held, statement, phrase):
    (source,) = {each.source for each in EVERYTHING if each.id == statement}
    assert phrase in held[source.norm.zh, source.article]


def test_only_what_no_law_says_is_marked_as_the_services_own():
    own = cite("service")
    assert own.shown("zh") == {
        "title": "–", "article": None, "label": "本平台服务规则或者目标", "url": None,
    }  # fmt: skip
    assert not [source for source in cited() if not source.article and source.key not in
                {"service", "NEF", "WTN", "OAR"}]  # fmt: skip
    with pytest.raises(KeyError):
        cite("nowhere 1")


def test_a_source_leads_to_its_article_in_the_library():
    source = cite("LCL 47")
    assert source.label("zh") == "《劳动合同法》第四十七条"
    assert source.label("en") == "Labour Contract Law, art. 47"
    assert source.url == "/v1/policies/%E5%8A%B3%E5%8A%A8%E5%90%88%E5%90%8C%E6%B3%95/articles/47"


def test_every_norm_is_cited():
    assert {source.key for source in cited()} == set(NORMS)


def test_every_claim_with_a_formula_leads_to_its_calculator_and_none_is_forgotten():
    linked = {claim.also for claim in CLAIMS if claim.also}
    assert linked == set(CALCULATORS)


def test_every_piece_of_evidence_says_who_bears_the_burden_of_proof():
    assert {piece.also for piece in EVIDENCE} == set(BURDENS)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_an_unpaid_migrant_worker_is_told_of_the_contractor_and_of_aid_without_a_means_test(
    language,
):
    answer = told(
        "pay_injury_compensation",
        "migrant_worker_wages", "legal_aid_without_means_test", language=language,
    )  # fmt: skip
    assert "migrant_general_contractor" in ids(answer, "steps")
    assert ids(answer, "places")[0] == "legal_aid_without_means_test"
    assert answer["places"][0]["source"]["article"] == "42"
    assert {"12348", "12351", "12333"} <= {place["phone"] for place in answer["places"]}
    assert {claim["source"]["title"] for claim in answer["claims"]} >= {
        cite(code).shown(language)["title"] for code in ("LCL", "MWR", "LL")
    }


def test_womens_hotline_is_named_for_women_workers_only():
    assert "12338" in {p["phone"] for p in told("contract", "women_workers")["places"]}
    assert "12338" not in {p["phone"] for p in told("contract")["places"]}


def test_a_warning_about_the_limit_comes_first():
    assert ids(told("contract", "limitation_risk"), "steps")[0] == "limitation_now"


def test_steps_end_with_mediation_arbitration_and_court():
    steps = ids(told("personnel"), "steps")
    assert (
        steps.index("apply") < steps.index("agree") < steps.index("arbitrate") < steps.index("sue")
    )


def test_the_address_of_guidance_for_a_case_carries_no_person():
    address = guidance_url(
        "contract", ("collective", "agent"), "370102", {"received_on": date(2026, 11, 2)}
    )
    assert address == (
        "/v1/guidance?category=contract&flags=collective,agent&division=370102"
        "&received_on=2026-11-02"
    )


def test_nothing_is_said_in_one_language_only():
    for statement in EVERYTHING:
        zh, en = statement.text
        assert zh
        assert en
        assert zh != en
