"""How far a relation reaches, of one document and of all, is one rule; the table says who has which."""

from __future__ import annotations

from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.access import Access, Concerned, reaches, within
from shared.contracts.policy import EVERYONE, POLICY, Relation, Rule
from shared.contracts.vocabulary import ROLES
from shared.errors import Refused
from shared.tokens import Principal

RELATIONS: tuple[Relation, ...] = get_args(Relation)
BY_DIVISION = ("own_divisions", "all_divisions")
LISTED = ("any", "own_divisions", "all_divisions", "own_organisation", "own_case", "self")
"""Relations by which documents are listed."""

FIELDS = {"division": "division_code", "organisation": "organisation.id", "mediator": "mediator.id"}

codes = st.sampled_from(
    ["", "0", "37", "3701", "370000", "370100", "370102", "370102013", "510104", "44", "441900"]
)
names = st.sampled_from(["a", "b", "A", ""])
maybe = st.none() | names
principals = st.builds(
    Principal,
    names,
    st.sampled_from(ROLES),
    organisation=maybe,
    divisions=st.lists(codes, max_size=3).map(tuple),
    id_number_hash=maybe,
    channel=maybe,
)
concerns = st.builds(
    Concerned,
    st.none() | codes,
    organisation=maybe,
    mediator=maybe,
    parties=st.lists(names, max_size=2),
    holders=st.lists(names, max_size=2),
    channel=maybe,
)


def found_by(query: dict[str, Any], document: dict[str, Any]) -> bool:
    """What MongoDB does with the few operators used here."""
    if "$or" in query:
        return any(found_by(each, document) for each in query["$or"])
    return all(_fits(document.get(field), wanted) for field, wanted in query.items())


def _fits(value: Any, wanted: Any) -> bool:
    if not isinstance(wanted, dict):
        return bool(value == wanted)
    if "$in" in wanted:
        return value in wanted["$in"]
    return value is not None and wanted["$gte"] <= value < wanted["$lt"]


@given(relation=st.sampled_from(LISTED), principal=principals, concerned=concerns)
def test_a_list_holds_what_one_may_come_to_one_by_one(
    relation: Relation, principal: Principal, concerned: Concerned
) -> None:
    document = {
        "_id": "1",
        "division_code": concerned.division,
        "organisation.id": concerned.organisation,
        "mediator.id": concerned.mediator,
    }
    listed = found_by(within(relation, principal, FIELDS), document)
    assert listed == reaches(relation, principal, concerned)


@given(relation=st.sampled_from(RELATIONS), principal=principals)
def test_what_is_nobodys_is_reached_only_by_whom_nothing_limits(
    relation: Relation, principal: Principal
) -> None:
    unlimited = relation == "any" or (relation in BY_DIVISION and not principal.divisions)
    assert reaches(relation, principal, Concerned()) == unlimited


@given(relation=st.sampled_from(RELATIONS), principal=principals)
def test_a_list_without_the_fields_that_tell_is_empty_and_never_whole(
    relation: Relation, principal: Principal
) -> None:
    unlimited = relation == "any" or (relation in BY_DIVISION and not principal.divisions)
    assert found_by(within(relation, principal, {}), {"_id": "1"}) == unlimited


@pytest.mark.parametrize(
    "named, place, reached",
    [
        ("37", "370102013", True),
        ("370000", "370102013", True),
        ("370100", "370102", True),
        ("370102000000", "370102013", True),
        ("370102013", "370102", False),
        ("370103", "370102013", False),
        ("", "370102", False),
    ],
)
def test_a_division_named_in_a_token_reaches_all_that_lies_in_it(named, place, reached):
    admin = Principal("u-1", "platform_admin", divisions=(named,))
    assert reaches("own_divisions", admin, Concerned(division=place)) == reached


def test_an_agent_is_a_party_and_a_respondent_is_no_holder():
    concerned = Concerned(parties=["respondent"], holders=["applicant", "agent"])
    for hashed, holder in (("agent", True), ("applicant", True), ("respondent", False)):
        person = Principal("u-1", "applicant", id_number_hash=hashed)
        assert reaches("party", person, concerned)
        assert reaches("holder", person, concerned) == holder


def slug_of(rule: Rule, role: str | None) -> str:
    try:
        relation = Access(rule).check(Principal("u-1", role) if role else None)
    except Refused as refused:
        return refused.slug
    return relation or "let in"


def test_access_lets_in_whom_the_row_names_and_says_how_far():
    staff = Rule(anonymous=False, roles={"platform_admin": "any", "mediator": "own_case"})
    assert {slug_of(EVERYONE, role) for role in ROLES} == {"any"}
    assert slug_of(EVERYONE, None) == "let in"
    assert slug_of(staff, None) == "unauthorised"
    assert slug_of(staff, "mediator") == "own_case"
    assert slug_of(staff, "applicant") == "forbidden"


def test_no_row_lets_somebody_further_in_than_their_role_goes_anywhere():
    """A slip of the pen in the table would show here, and in docs/access.md."""
    of_role: dict[str, set[str]] = {
        "platform_admin": {"any", "own_divisions", "all_divisions"},
        "organisation_admin": {"any", "own_organisation"},
        "mediator": {"any", "own_case", "self"},
        "auditor": {"any"},
        "partner": {"any", "own_channel"},
        **{person: {"any", "holder", "party"} for person in ("applicant", "agent", "respondent")},
    }
    for operation, rule in POLICY.items():
        for role, relation in rule.roles.items():
            assert relation in of_role[role], operation
            public = rule == EVERYONE or operation == "POST /v1/applications"
            assert relation != "any" or role == "auditor" or public, operation
