from __future__ import annotations

from datetime import timedelta

import pytest
from jinja2 import UndefinedError, meta

from services.notify.domain import plan
from services.notify.people.entitlements import ENTITLEMENTS, PARTIES
from services.notify.people.messages import open_body, present, to_document
from services.notify.people.preferences import BY_TEXT_ALONE, WRITTEN
from services.notify.people.templates import FOLDER, SEGMENTS_LIMIT, Templates, segments
from shared.contracts.vocabulary import ADVICE, FAILURE_REASONS, REFERRALS, REFUSAL_REASONS
from shared.errors import Permanent
from shared.sealing import Keyring, new_key
from tests.builders.notices import (
    NOW,
    SERIAL,
    VARIANTS,
    a_person,
    an_event,
    everybody,
    some_recipients,
    some_staff,
)

TEMPLATES = Templates("https://tiaojie.example")
KEYRING = Keyring.parse(f"k1:{new_key()}")


def a_document(name="application.submitted", channel="sms"):
    messages = plan(an_event(name), some_recipients())
    (message, *_) = [m for m in messages if m.channel == channel]
    return to_document(message, TEMPLATES, KEYRING, NOW)


def variables(name: str) -> set[str]:
    source = (FOLDER / name).read_text("utf-8")
    return meta.find_undeclared_variables(TEMPLATES.environment.parse(source))


EVENTS = {name: (name, {}) for name in ENTITLEMENTS} | dict(VARIANTS)


def every_message(language="zh"):
    """What everybody reads of every event."""
    people = everybody(language)
    for event, changes in EVENTS.values():
        told = an_event(event, sequence=9, **changes)
        planned = plan(told, some_recipients(*people, asked_at=1), some_staff(language))
        assert isinstance(planned, list)
        yield from planned


READ = {message.template for message in every_message()}


def test_every_wording_is_read_by_somebody_and_exists_in_every_channel_and_both_languages():
    channels = {t: ("sms",) if t in BY_TEXT_ALONE else WRITTEN for t in READ}
    expected = {f"{t}/{c}.{lang}" for t in READ for c in channels[t] for lang in ("zh", "en")}
    assert set(TEMPLATES.newest) == expected
    files = {p.relative_to(FOLDER).as_posix() for p in FOLDER.rglob("*") if p.is_file()}
    assert len(files) == sum(TEMPLATES.newest.values()), "versions are counted from 1 without gaps"


@pytest.mark.parametrize("name", sorted(n for n in TEMPLATES.newest if n.endswith(".zh")))
def test_both_languages_say_the_same_things_in_the_same_versions(name):
    english = f"{name.removesuffix('zh')}en"
    version = TEMPLATES.newest[name]
    assert TEMPLATES.newest[english] == version
    zh, en = (variables(f"{n}.v{version}.txt") for n in (name, english))
    assert zh == en
    assert "serial_number" in zh or not name.startswith(("application.", "case."))


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize(
    "event, words",
    [
        ("case.not_accepted", REFUSAL_REASONS),
        ("case.failed", FAILURE_REASONS),
        ("case.referral_opened", REFERRALS),
        ("case.referral_changed", REFERRALS),
    ],
)
def test_every_reason_and_referral_fits_into_three_segments(event, words, language):
    field = "kind" if words is REFERRALS else "reason"
    for word in words:
        for advice in ADVICE if event == "case.not_accepted" else [""]:
            changes = {field: word, **({"advice": [advice]} if advice else {})}
            people = [a_person(party, language=language) for party in PARTIES]
            planned = plan(
                an_event(event, sequence=9, **changes), some_recipients(*people, asked_at=1)
            )
            for m in planned:
                if m.channel == "sms":
                    filled = {**m.values, "organisation_phone": "0" * 20}
                    text = TEMPLATES.render(m.template, "sms", language, filled).text
                    assert segments(text) <= SEGMENTS_LIMIT, f"{word} {advice}: {len(text)}"


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
