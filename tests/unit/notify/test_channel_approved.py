"""What a vendor approved is what is sent, word for word, or nothing is."""

from __future__ import annotations

import json

import pytest

from services.notify.channels import OursToMend
from services.notify.channels.approved import ApprovedTexts, read_approved
from services.notify.channels.coverage import lacking
from services.notify.people.samples import described, samples
from services.notify.people.templates import Templates
from shared.settings import SettingsError

SUBMITTED = (
    "${who}调解申请已提交。流水号：${serial_number}，查询码：${query_code}。请保存，查询码不要告诉他人。"
    "接下来为您安排调解组织，有进展会通知您。如有疑问请拨打12333。"
)
WORDS = (
    "【调解】您的调解申请已提交。流水号：2634 6268 8508 6477，查询码：K7RM-2PXA。请保存，查询码不要告诉他人。"
    "接下来为您安排调解组织，有进展会通知您。如有疑问请拨打12333。"
)


def test_an_approved_text_gives_its_code_and_the_values_in_their_order():
    found = ApprovedTexts("aliyun", {"SMS_1": SUBMITTED}, "调解").find(WORDS)
    assert found.code == "SMS_1"
    assert list(found.values.items()) == [
        ("who", "您的"),
        ("serial_number", "2634 6268 8508 6477"),
        ("query_code", "K7RM-2PXA"),
    ]


def test_numbered_variables_are_in_order_and_may_come_twice():
    texts = ApprovedTexts("tencent", {"77": "案件{1}改由{2}办理，{1}继续进行。"}, "调解")
    found = texts.find("【调解】案件甲改由乙（县）办理，甲继续进行。")
    assert list(found.values.values()) == ["甲", "乙（县）"]
    with pytest.raises(OursToMend, match="no_approved_template"):
        texts.find("【调解】案件甲改由乙（县）办理，丙继续进行。")


def test_a_text_of_its_own_for_a_message_that_lacks_a_value():
    texts = ApprovedTexts("aliyun", {"SMS_1": "请最迟${due_on}答复。", "SMS_2": "请答复。"}, "调解")
    assert texts.find("【调解】请最迟2026年11月24日答复。").code == "SMS_1"
    assert texts.find("【调解】请答复。").code == "SMS_2"


@pytest.mark.parametrize(
    "words, code",
    [
        (WORDS.replace("请保存", "请妥善保存"), "no_approved_template"),
        (WORDS + "。", "no_approved_template"),
        (WORDS.replace("您的", ""), "no_approved_template"),
        (WORDS.replace("您的", "您" * 61), "no_approved_template"),
        (WORDS.replace("K7RM", "K7\nRM"), "no_approved_template"),
        (WORDS.replace("【调解】", "【别家】"), "wrong_signature"),
        (WORDS.removeprefix("【调解】"), "wrong_signature"),
    ],
)
def test_other_words_are_not_sent_in_the_place_of_a_message(words, code):
    with pytest.raises(OursToMend) as refused:
        ApprovedTexts("aliyun", {"SMS_1": SUBMITTED}, "调解").find(words)
    assert refused.value.code == code


def test_a_wording_with_alternatives_is_found_for_each_of_its_readers():
    """The pattern above is one that a deployment would write: it serves every sample there is."""
    texts = ApprovedTexts("aliyun", {"SMS_1": SUBMITTED}, "调解")
    wording = described("application.submitted")
    assert wording is not None
    templates = Templates("https://tiaojie.example")
    for sample in samples(wording, "zh"):
        words = templates.render("application.submitted", "sms", "zh", sample.values).text
        assert texts.find(words).code == "SMS_1"


def written(tmp_path, content) -> str:
    path = tmp_path / "codes.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")
    return str(path)


def test_the_file_is_read_once_it_has_no_fault(tmp_path):
    content = {"aliyun": {"SMS_1": SUBMITTED}, "tencent": {"77": "{1}，{2}。"}}
    assert read_approved(written(tmp_path, content)) == content


def test_every_fault_of_the_file_is_named_at_once(tmp_path):
    content = {
        "aliyun": {"SMS 1": "甲", "SMS_2": "甲", "SMS_3": "", "SMS_4": "【调解】甲${a}", "SMS_5": "${a}${b}"},
        "tencent": {"1": "{2}，{1}", "2": "{1}，{x}", "3": 5},
        "huawei": {},
    }  # fmt: skip
    with pytest.raises(SettingsError) as refused:
        read_approved(written(tmp_path, content))
    named = [line.split(": ")[1] for line in str(refused.value).splitlines()]
    assert named == [
        "aliyun/SMS 1", "aliyun/SMS_2", "aliyun/SMS_3", "aliyun/SMS_4", "aliyun/SMS_5",
        "tencent/1", "tencent/2", "tencent/3", "huawei",
    ]  # fmt: skip


@pytest.mark.parametrize("content", ["", "[]", "{"])
def test_a_file_that_is_none_is_named(tmp_path, content):
    with pytest.raises(SettingsError, match="TIAOJIE_SMS_TEMPLATE_CODES"):
        read_approved(written(tmp_path, content))


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(SettingsError, match="TIAOJIE_SMS_TEMPLATE_CODES: FileNotFoundError"):
        read_approved(str(tmp_path / "none.json"))


def test_wordings_without_an_approved_text_are_named_with_the_words_to_have_approved():
    templates = Templates("https://tiaojie.example")
    texts = ApprovedTexts("aliyun", {"SMS_1": SUBMITTED}, "调解")
    missing = dict(lacking(templates, texts))
    assert "application.submitted/sms.zh.v1" not in missing
    assert "application.submitted/sms.en.v1" in missing
    assert missing["case.closed/sms.zh.v1"].startswith("【调解】")
    assert len(missing) == len([name for name in templates.files if "/sms." in name]) - 1
