"""The wording of every message is a contract: a change shows as a difference of these files.

`python -m tests.contracts.test_message_wording` writes them anew.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from services.notify.domain import plan
from services.notify.people.entitlements import ENTITLEMENTS, audiences
from services.notify.people.preferences import BY_TEXT_ALONE, WRITTEN
from services.notify.people.templates import SEGMENTS_LIMIT, Templates, segments
from shared.errors import Language
from tests.builders.notices import (
    ANSWER_CODE,
    QUERY_CODE,
    VARIANTS,
    an_event,
    everybody,
    some_recipients,
    some_staff,
)

LANGUAGES: tuple[Language, ...] = ("zh", "en")
GOLDEN = Path(__file__).parent / "golden" / "messages"


def wording() -> dict[str, str]:
    """{`<event or variant>/<audience>.<channel>.<language>.txt`: what that person reads}."""
    templates = Templates("https://tiaojie.example")
    events = {name: (name, {}) for name in ENTITLEMENTS} | dict(VARIANTS)
    texts = {}
    for kind, (event, changes) in events.items():
        for language in LANGUAGES:
            messages = plan(
                an_event(event, sequence=9, **changes),
                some_recipients(*everybody(language), asked_at=1),
                some_staff(language),
            )
            assert isinstance(messages, list)
            for m in messages:
                if m.channel not in WRITTEN:
                    continue
                words = templates.render(m.template, m.channel, language, m.values)
                heading = f"{words.subject}\n\n" if words.subject else ""
                texts[f"{kind}/{m.party}.{m.channel}.{language}.txt"] = (
                    heading + words.text.rstrip("\n") + "\n"
                )
    return texts


def regenerate() -> None:
    """Write the golden files; remove those of messages that no longer exist."""
    texts = wording()
    for path in GOLDEN.rglob("*.txt"):
        if path.relative_to(GOLDEN).as_posix() not in texts:
            path.unlink()
    for name, text in texts.items():
        path = GOLDEN / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")


WORDING = wording()


def test_there_is_a_golden_file_for_each_message_and_no_other():
    assert {p.relative_to(GOLDEN).as_posix() for p in GOLDEN.rglob("*.txt")} == set(WORDING)


@pytest.mark.parametrize("name", sorted(WORDING))
def test_a_message_reads_as_recorded(name):
    assert WORDING[name] == (GOLDEN / name).read_text("utf-8")


def test_whoever_is_told_of_an_event_reads_it_over_every_channel_in_both_languages():
    for kind, (event, changes) in ({n: (n, {}) for n in ENTITLEMENTS} | dict(VARIANTS)).items():
        channels = ("sms",) if event in BY_TEXT_ALONE else WRITTEN
        wanted = {
            f"{kind}/{audience}.{channel}.{language}.txt"
            for audience in audiences(an_event(event, **changes))
            for channel in channels
            for language in LANGUAGES
        }
        assert {name for name in WORDING if name.startswith(f"{kind}/")} == wanted


@pytest.mark.parametrize("name", sorted(WORDING))
def test_a_message_has_no_hole_and_no_code_but_the_readers_own(name):
    text, reader = WORDING[name], name.partition("/")[2].partition(".")[0]
    assert [m for m in ("{", "}", "None", "。。", "，。", "、。", "：。") if m in text] == []
    grouped = {f"{code[:4]}-{code[4:]}": owner for code, owner in (
        (QUERY_CODE, "applicant"), (ANSWER_CODE, "respondent"),
    )}  # fmt: skip
    for code, owner in grouped.items():
        if code in text:
            assert owner == reader or (owner, reader) == ("applicant", "agent")
    for personal in ("@example.com", "13800000", "1380000"):
        assert personal not in text


@pytest.mark.parametrize("name", sorted(n for n in WORDING if ".sms." in n))
def test_a_text_message_costs_three_segments_at_most(name):
    assert segments((GOLDEN / name).read_text("utf-8").strip()) <= SEGMENTS_LIMIT


@pytest.mark.parametrize("name", sorted(n for n in WORDING if ".zh." in n))
def test_chinese_wording_has_no_half_width_punctuation_or_stray_spaces(name):
    text = WORDING[name].replace("https://tiaojie.example", "")
    assert not set(text) & set(",;!?()\"'")
    words = text.replace("2634 6268 8508 6477", "流水号")
    assert " " not in words


if __name__ == "__main__":
    regenerate()
