"""The wording of every message is a contract: a change shows as a difference of these files.

`python -m tests.contracts.test_message_wording` writes them anew.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from services.notify.domain import ENTITLEMENTS, plan
from services.notify.templates import SEGMENTS_LIMIT, Templates, segments
from tests.builders.notices import a_person, an_event, some_recipients

GOLDEN = Path(__file__).parent / "golden" / "messages"


def wording() -> dict[str, str]:
    """{`<event>/<party>.<channel>.<language>.txt`: what that person reads}."""
    templates = Templates("https://tiaojie.example")
    texts = {}
    for event in ENTITLEMENTS:
        for language in ("zh", "en"):
            people = (a_person(party, language=language) for party in ENTITLEMENTS[event])
            messages = plan(an_event(event), some_recipients(*people))
            assert isinstance(messages, list)
            for m in messages:
                words = templates.render(event, m.channel, language, m.values)
                heading = f"{words.subject}\n\n" if words.subject else ""
                texts[f"{event}/{m.party}.{m.channel}.{language}.txt"] = (
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
