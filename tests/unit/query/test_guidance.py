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
        ("dismissal_certificate", "出具解除或者终止劳动合同的证明"),
        ("employer_union", "将理由通知工会"),
        ("employer_damages", "保密义务或者竞业限制"),
        ("notice_pay", "额外支付劳动者一个月工资"),
        ("training_penalty_cap", "服务期尚未履行部分所应分摊的培训费用"),
        ("legal_aid", "劳动争议调解与仲裁代理"),
        ("aid_no_test", "进城务工人员"),
        ("court_claims", "具体的诉讼请求和事实、理由"),
        ("payment_order_on_agreement", "申请支付令"),
        ("advance_enforcement", "先予执行"),
        ("collective_consent", "必须经被代表的当事人同意"),
        ("damages_dismissal", "二倍"),
        ("medical_period", "在规定的医疗期内"),
        ("injury_fund_advances", "先行支付"),
        ("unpaid_wages", "百分之五十以上百分之一百以下"),
    ],
)
def test_the_article_cited_says_it(held, statement, phrase):
    (source,) = {each.source for each in EVERYTHING if each.id == statement}
    assert phrase in held[source.norm.zh, source.article]


@pytest.mark.parametrize(
    "clock, phrase",
    [
        ("lawsuit", "本法第四十七条规定以外"),
        ("lawsuit_final", "劳动者对本法第四十七条规定的仲裁裁决不服"),
        ("award_set_aside", "三十日内"),
        ("civil_servant_arbitration", "六十日内"),
        ("right_to_arbitrate", "收到调解申请之日起十五日内"),
        ("judicial_confirmation", "三十日内"),
    ],
)
def test_the_article_cited_has_the_term(held, clock, phrase):
    (source,) = {each.source for each in CASE_CLOCKS if each.name == clock}
    assert phrase in held[source.norm.zh, source.article]


@pytest.mark.parametrize(
    "advice", ["dismissal_reason", "resign_for_cause_written", "employer_prepare"]
)
def test_advice_that_no_article_gives_is_the_services_own(advice):
    assert [each.source.is_own for each in EVERYTHING if each.id == advice] == [True]


def test_only_what_no_law_says_is_marked_as_the_services_own():
    own = cite("service")
    assert own.shown("zh") == {
        "title": "–", "article": None, "label": "本平台服务规则或者目标", "url": None,
    }  # fmt: skip
    assert not [source for source in cited() if not source.article and source.key not in
                {"service", "NEF", "WTN", "OAR", "GF28"}]  # fmt: skip
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
