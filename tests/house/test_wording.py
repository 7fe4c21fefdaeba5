"""Every sentence for people exists in both languages, and the Chinese is set as Chinese is."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator

import pytest

from tests.house.sources import Source, called, planted, sources

_HAN = r"[\u3400-\u9fff]"
_HALF_WIDTH = re.compile(rf"{_HAN}[,.;:!?()]|[,;:!?()]{_HAN}")
_STRAY_SPACE = re.compile(rf"{_HAN} +{_HAN}|[，。；：！？、（）“”] | [，。；：！？、（）]")


def texts(files: Iterable[Source]) -> Iterator[tuple[str, str | None, str | None]]:
    """(place, zh, en) of every Text written out; None where a value is computed."""
    for source in files:
        for call in source.calls:
            if called(call) == "Text" and len(call.args) == 2:
                yield source.at(call), _wording(call.args[0]), _wording(call.args[1])


def faults(files: Iterable[Source]) -> Iterator[str]:
    for place, zh, en in texts(files):
        if (zh is not None and not zh.strip()) or (en is not None and not en.strip()):
            yield f"{place}: empty"
        if zh and _HALF_WIDTH.search(zh):
            yield f"{place}: half-width punctuation beside Chinese"
        if zh and _STRAY_SPACE.search(zh):
            yield f"{place}: stray space in Chinese"


def one_language_only(files: Iterable[Source]) -> Iterator[str]:
    """Text(…) with one argument or with the same sentence twice."""
    for source in files:
        for call in source.calls:
            if called(call) == "Text" and len(call.args) + len(call.keywords) != 2:
                yield source.at(call)
            elif called(call) == "Text" and len(call.args) == 2:
                zh, en = map(_wording, call.args)
                if zh and zh == en and re.search(_HAN, zh):
                    yield source.at(call)


def _wording(node: ast.expr) -> str | None:
    """What is written out; `0` stands for what an f-string puts in."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(p.value if isinstance(p, ast.Constant) else "0" for p in node.values)
    return None


def test_there_are_sentences_to_look_at():
    assert len(list(texts(sources("shared", "services")))) > 100


def test_every_sentence_exists_in_both_languages_and_is_set_right():
    assert list(faults(sources("shared", "services"))) == []
    assert list(one_language_only(sources("shared", "services"))) == []


@pytest.mark.parametrize(
    "text",
    [
        'Text("", "x")',
        'Text("请核对", " ")',
        'Text("请核对,谢谢", "x")',
        'Text("请核对.", "x")',
        'Text("请 核对", "x")',
        'Text(f"请核对,{x}", "x")',
    ],
)
def test_a_sentence_that_breaks_the_rule_is_noticed(text):
    assert len(list(faults(planted(text)))) == 1


def test_a_right_sentence_passes_and_a_single_one_is_noticed():
    assert list(faults(planted('Text("应为1.5至2项，请用 JSON 提交", "x")'))) == []
    assert len(list(one_language_only(planted('Text("请核对")')))) == 1
    assert len(list(one_language_only(planted('Text("请核对", "请核对")')))) == 1
