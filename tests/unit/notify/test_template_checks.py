from __future__ import annotations

import pytest

from services.notify.channels.approved import ApprovedTexts
from services.notify.people.samples import described
from services.notify.people.template_approval import Approvals
from services.notify.people.template_checks import Place, faults, previews, warnings
from services.notify.people.templates import Templates
from services.notify.settings import NotifySettings

TEMPLATES = Templates("https://tiaojie.example")
NUMBER = "{{ serial_number }}"
SMS = f"【调解】案件{NUMBER}已撤回。"
EMAIL = f"已撤回，流水号：{NUMBER}\n\n您好：案件已撤回。"


def place(wording="case.withdrawn", channel="sms", language="zh"):
    return Place(described(wording), channel, language)


def codes(text, **where):
    return [fault.code for fault in faults(TEMPLATES, place(**where), text)]


@pytest.mark.parametrize("name", sorted(TEMPLATES.files))
def test_every_wording_of_the_files_keeps_every_rule_with_the_longest_values(name):
    wording, _, where = name.partition("/")
    channel, _, language = where.partition(".")
    other = name.removesuffix(language) + ("en" if language == "zh" else "zh")
    for version in TEMPLATES.files[name]:
        text = TEMPLATES.source(name, version)
        at = Place(described(wording), channel, language)
        assert faults(TEMPLATES, at, text) == []
        assert list(warnings(at, text, TEMPLATES.source(other, version))) == []


def test_a_right_text_has_no_faults():
    assert codes(SMS) == []
    assert codes(EMAIL, channel="email") == []


@pytest.mark.parametrize(
    "text, code",
    [
        (SMS.removeprefix("【调解】"), "signature_missing"),
        (f" 【仲裁】案件{NUMBER}", "signature_missing"),
        (f"{{% if party == 'agent' %}}【调解】{{% endif %}}案件{NUMBER}", "signature_missing"),
        (f"{SMS}\n另起一行", "line_break"),
        (SMS + "请" * 190, "too_many_segments"),
        (SMS + "{{ organisation }}" * 6, "too_many_segments"),
        (SMS + "详见 https://tiaojie.example", "link_forbidden"),
        (SMS + "详见 tiaojie.example/a", "link_forbidden"),
        (SMS + "详见ｔｉａｏｊｉｅ．ｃｎ", "link_forbidden"),
        (SMS + "详见调解.中国", "link_forbidden"),
        (SMS + "{{ site }}", "link_forbidden"),
        (SMS + "tiao{% if party == 'agent' %}jie.cn{% else %}jie.com{% endif %}", "link_forbidden"),
        (SMS + "请拨打0531-00000002", "phone_forbidden"),
        (SMS + "请拨打１３８００００００１１", "phone_forbidden"),
        (SMS + "请拨打138{% if party == 'agent' %}0000{% endif %}0011", "phone_forbidden"),
        (SMS + "请拨打12345", "phone_forbidden"),
        ("【调解】案件已撤回。", "missing_variable"),
        ("【调解】案件{% if organisation %}{{ serial_number }}{% endif %}", "missing_variable"),
        ("【调解】案件{% if serial_number %}2634 6268 8508 6477{% endif %}", "missing_variable"),
        (SMS + "{{ query_code }}", "unknown_variable"),
        (SMS + "{% if party == 'respondent' %}x{% endif %}", "unknown_value"),
        (SMS + "{{ serial_number|upper }}", "template_construct"),
        (SMS + "{{ serial_number", "template_syntax"),
        (SMS + "{serial_number}", "template_brace"),
        (SMS + "\x1b", "invalid_character"),
        (SMS + "\u2028", "invalid_character"),
    ],
)
def test_a_text_message_that_must_not_go_out_is_refused_with_the_reason(text, code):
    assert code in codes(text)


@pytest.mark.parametrize("number", ["12333", "12348", "30", "2026"])
def test_hotlines_and_short_numbers_are_allowed(number):
    assert codes(f"{SMS}请拨打{number}。") == []


@pytest.mark.parametrize(
    "text, code",
    [
        ("", "subject_missing"),
        (f"只有主题{NUMBER}", "subject_missing"),
        (f"{NUMBER}\n没有空行", "subject_missing"),
        (f"{{% if organisation %}}主题{{% endif %}}\n\n{NUMBER}", "subject_missing"),
        (f"{'主' * 101}\n\n{NUMBER}", "subject_too_long"),
        (f"{EMAIL}\nhttps://elsewhere.example", "link_forbidden"),
        ("主题\n\n没有流水号", "missing_variable"),
    ],
)
def test_an_email_that_must_not_go_out_is_refused_with_the_reason(text, code):
    assert code in codes(text, channel="email")


def test_an_email_may_give_our_address_and_telephone_numbers():
    assert codes(EMAIL + "\n{{ site }}\n0531-00000002", channel="email") == []


@pytest.mark.parametrize(
    "wording, name",
    [
        ("application.submitted", "query_code"),
        ("phone.code_requested", "code"),
        ("case.consent_sought.respondent", "code"),
        ("case.session_scheduled", "session_time"),
        ("case.deadline_approaching.consent_answer", "due_on"),
        ("warning.raised.staff", "division"),
    ],
)
def test_what_a_wording_is_for_cannot_be_left_out(wording, name):
    text = TEMPLATES.source(f"{wording}/sms.zh", 1)
    told = faults(TEMPLATES, place(wording), text.replace(f"{{{{ {name} }}}}", ""))
    assert [(f.code, name in f.message.zh) for f in told] == [("missing_variable", True)]


def test_every_fault_is_told_at_once_and_each_once():
    found = codes(f"案件请拨打13800000011，www.tiaojie.example\n{'长' * 300}")
    assert sorted(found) == sorted(
        ["missing_variable", "signature_missing", "line_break", "too_many_segments",
         "link_forbidden", "phone_forbidden"]
    )  # fmt: skip


def test_every_fault_is_told_in_both_languages_and_quotes_nothing_of_the_text():
    for text in ("{{ geheim }}", "{geheim}", "{{ geheim() }}", "geheim\n geheim.cn 13800000011"):
        for fault in faults(TEMPLATES, place(), text):
            assert fault.message.zh
            assert fault.message.en
            assert "geheim" not in str(fault.message)


def test_a_preview_shows_every_reader_the_words_and_what_they_cost():
    shown = previews(TEMPLATES, place("case.numbered"), TEMPLATES.source("case.numbered/sms.zh", 1))
    assert {p.sample.audience for p in shown} == {"applicant", "agent", "respondent"}
    assert {p.sample.kind for p in shown} == {"usual", "longest", "least"}
    assert all(p.text.startswith("【调解】") and p.subject == "" for p in shown)
    usual, most = shown[0], next(p for p in shown if p.sample.kind == "longest")
    assert usual.segments == 2
    assert most.segments == 3
    (email, *_) = previews(TEMPLATES, place(channel="email"), EMAIL)
    assert (email.subject, email.segments) == ("已撤回，流水号：2634 6268 8508 6477", None)


def test_what_may_be_meant_so_is_only_told():
    assert list(warnings(place(), SMS, SMS)) == []
    (punctuation,) = warnings(place(), SMS + "请放心.", "")
    assert "半角" in punctuation.zh
    (differing,) = warnings(place(), SMS, f"{SMS}{{{{ organisation }}}}")
    assert "organisation" in differing.en
    assert list(warnings(place(language="en"), SMS, "{{ broken")) == []


def test_without_vendors_a_change_wants_approval_by_all_of_them():
    approvals = Approvals.of(NotifySettings(mongo_url="mongodb://unused"))
    assert approvals.wanted(["【调解】甲"], changed=False) is None
    wanted = approvals.wanted(["【调解】甲"], changed=True)
    assert wanted is not None


def test_a_text_wants_approval_by_the_vendors_that_have_none_like_it():
    approvals = Approvals(
        {
            "aliyun": ApprovedTexts("aliyun", {"SMS_1": "案件${n}已撤回。"}, "调解"),
            "tencent": ApprovedTexts("tencent", {"1": "案件{1}已结案。"}, "调解"),
        }
    )
    read = [p.text for p in previews(TEMPLATES, place(), SMS)]
    wanted = approvals.wanted(read, changed=False)
    assert wanted is not None
    assert "tencent" in wanted.en
    assert "aliyun" not in wanted.en
    assert "aliyun" in approvals.wanted([*read, "【调解】别的"], changed=True).en
