from __future__ import annotations

from datetime import timedelta

import pytest
from jinja2 import UndefinedError, meta

from services.notify.domain import CHANNELS, ENTITLEMENTS, plan
from services.notify.messages import open_body, present, to_document
from services.notify.templates import FOLDER, SEGMENTS_LIMIT, Templates, segments
from shared.errors import Permanent
from shared.sealing import Keyring, new_key
from tests.builders.notices import NOW, SERIAL, an_event, some_recipients

TEMPLATES = Templates("https://tiaojie.example")
KEYRING = Keyring.parse(f"k1:{new_key()}")


def a_document(name="application.submitted", channel="sms"):
    messages = plan(an_event(name), some_recipients())
    (message, *_) = [m for m in messages if m.channel == channel]
    return to_document(message, TEMPLATES, KEYRING, NOW)


def variables(name: str) -> set[str]:
    source = (FOLDER / name).read_text("utf-8")
    return meta.find_undeclared_variables(TEMPLATES.environment.parse(source))


def test_every_event_has_every_channel_in_both_languages_and_no_template_is_left_over():
    expected = {f"{e}/{c}.{lang}" for e in ENTITLEMENTS for c in CHANNELS for lang in ("zh", "en")}
    assert set(TEMPLATES.newest) == expected
    files = {p.relative_to(FOLDER).as_posix() for p in FOLDER.rglob("*") if p.is_file()}
    assert len(files) == sum(TEMPLATES.newest.values()), "versions are counted from 1 without gaps"


@pytest.mark.parametrize("event", ENTITLEMENTS)
@pytest.mark.parametrize("channel", CHANNELS)
def test_both_languages_say_the_same_things_in_the_same_versions(event, channel):
    version = TEMPLATES.newest[f"{event}/{channel}.zh"]
    assert TEMPLATES.newest[f"{event}/{channel}.en"] == version
    zh, en = (variables(f"{event}/{channel}.{lang}.v{version}.txt") for lang in ("zh", "en"))
    assert zh == en
    assert {"serial_number", "party"} <= zh


@pytest.mark.parametrize("event", ENTITLEMENTS)
@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("party", ["applicant", "agent"])
def test_a_text_message_stays_within_three_segments_with_the_longest_names(event, language, party):
    longest = {
        "party": party,
        "serial_number": "2634 6268 8508 6477",
        "query_code": "K7RM-2PXA",
        "organisation": "织" * 40,
        "organisation_phone": "0" * 20,
        "mediator": "名" * 20,
        "due_on": "2026年12月30日" if language == "zh" else "30 Dec 2026",
    }
    text = TEMPLATES.render(event, "sms", language, longest).text
    assert segments(text) <= SEGMENTS_LIMIT, f"{len(text)} characters"
    assert text.startswith("【调解】")
    assert "\n" not in text
    assert "http" not in text, "a link in a text message looks like fraud"


@pytest.mark.parametrize(
    "length, parts", [(1, 1), (70, 1), (71, 2), (134, 2), (135, 3), (201, 3), (202, 4)]
)
def test_segments_are_counted_as_operators_do(length, parts):
    assert segments("调" * length) == parts


def test_characters_beyond_the_basic_plane_count_twice():
    assert segments("𠮷" * 36) == 2


def test_a_missing_value_fails_before_anything_is_recorded():
    with pytest.raises(UndefinedError):
        TEMPLATES.render("case.withdrawn", "sms", "zh", {"party": "applicant"})


def test_new_messages_use_the_newest_version(tmp_path):
    folder = tmp_path / "case.withdrawn"
    folder.mkdir()
    for version in (2, 10, 9):
        (folder / f"sms.zh.v{version}.txt").write_text(f"v{version}", "utf-8")
    rendered = Templates("", tmp_path).render("case.withdrawn", "sms", "zh", {})
    assert (rendered.template, rendered.version, rendered.text) == (
        "case.withdrawn/sms.zh", 10, "v10",
    )  # fmt: skip


def test_an_email_has_a_subject_and_a_text_message_has_none():
    body = open_body(a_document(channel="email"), KEYRING)
    assert body.subject == "调解申请已提交，流水号：2634 6268 8508 6477"
    assert body.text.startswith("您好：")
    assert open_body(a_document(), KEYRING).subject == ""


def test_what_is_recorded_shows_neither_address_nor_words_nor_query_code():
    document = a_document()
    shown = str({k: v for k, v in document.items() if k != "body_sealed"})
    assert "13800000011" not in shown
    assert "K7RM" not in shown
    assert b"13800000011" not in document["body_sealed"]
    body = open_body(document, KEYRING)
    assert body.to == "+8613800000011"
    assert "K7RM-2PXA" in body.text


def test_a_body_opens_in_its_own_message_only():
    document = a_document()
    with pytest.raises(Permanent):
        open_body({**document, "_id": a_document(channel="email")["_id"]}, KEYRING)


def test_staff_see_what_was_sent_to_whom_masked_and_with_what_result():
    sent = {**a_document(), "status": "sent", "attempts": 1, "sent_at": NOW + timedelta(seconds=2)}
    shown = present(sent)
    assert shown["to"] == "138****0011"
    assert shown["serial_number"] == SERIAL
    assert (shown["status"], shown["template_version"], shown["last_error"]) == ("sent", 1, None)
    assert not {"body_sealed", "lease_holder", "_id", "to_masked"} & set(shown)
