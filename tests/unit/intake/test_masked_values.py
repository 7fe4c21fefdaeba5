"""A value that was shown masked and comes back masked is refused at its field, never stored."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from services.intake.application import validate
from services.intake.form_parties import Agent, CoApplicant, Party
from services.intake.masking import mask
from services.intake.rules import SHOWN_MASKED
from shared.contracts.fields import Str
from shared.errors import Refused
from tests.builders.applications import a_collective_application, an_application, with_agent

TODAY = date(2026, 11, 22)


def refusals(body: dict[str, Any]) -> dict[str, str]:
    with pytest.raises(Refused) as refused:
        validate(body, TODAY)
    assert refused.value.slug == "validation_failed"
    return {error.pointer: error.code for error in refused.value.errors}


@pytest.mark.parametrize(
    "pointer", ["/applicant/name", "/respondents/0/name", "/agent/name", "/agent/address"]
)
@pytest.mark.parametrize("value", ["张*", "张**", "张＊", "李●●", "济南市***"])
def test_a_masked_name_or_address_is_refused_at_its_field(pointer: str, value: str) -> None:
    body = with_agent(an_application())
    section, _, name = pointer.rpartition("/")
    target = body["respondents"][0] if "respondents" in section else body[section.strip("/")]
    target[name] = value
    assert refusals(body)[pointer] == "masked_value"


def test_the_masks_we_show_ourselves_are_refused_in_every_field_of_a_person() -> None:
    for name in SHOWN_MASKED:
        whole = "someone@example.cn" if name == "email" else "济南市历下区虚构路3号"
        body = an_application({f"/applicant/{name}": mask(name, whole)})
        assert refusals(body)[f"/applicant/{name}"] == "masked_value", name


@pytest.mark.parametrize(
    "pointer, value, code",
    [
        ("/applicant/phone", "138****0011", "phone_format"),
        ("/applicant/email", "z***@example.cn", "masked_value"),
        ("/applicant/id_number", "3***************4", "id_format"),
    ],
)
def test_a_masked_number_or_address_of_mail_is_refused_too(
    pointer: str, value: str, code: str
) -> None:
    assert refusals(an_application({pointer: value}))[pointer] == code


def test_a_masked_worker_of_many_is_refused_at_its_place() -> None:
    body = a_collective_application(12)
    body["co_applicants"][7]["name"] = "赵**"
    assert refusals(body) == {"/co_applicants/7/name": "masked_value"}


@pytest.mark.parametrize("name", ["买买提·阿不都拉", "欧阳 若", "O’Brien-Smith", "A•B"])
def test_names_with_the_marks_that_names_have_are_accepted(name: str) -> None:
    assert validate(an_application({"/applicant/name": name}), TODAY)["applicant"]["name"] == name


def test_words_may_hold_asterisks_where_they_mask_nothing() -> None:
    body = an_application({"/claims/0/text": "补发工资 3*6000 元"})
    assert validate(body, TODAY)["claims"][0]["text"] == "补发工资 3*6000 元"


def test_every_field_that_tells_a_persons_name_or_address_is_under_the_rule() -> None:
    """A field the form gains later is decided upon here."""
    of_units = {
        "platform_name", "short_name", "county_name", "union_name", "organisation_name",
    }  # fmt: skip
    for form in (Party(), CoApplicant(), Agent()):
        for name, field in form.fields.items():
            if isinstance(field, Str) and ("name" in name or "address" in name):
                assert name in SHOWN_MASKED or name in of_units, name
