from __future__ import annotations

import pytest

from services.routing.languages import LANGUAGES, language_code


@pytest.mark.parametrize(
    "written, code",
    [
        ("英语", "en"), ("English", "en"), (" english ", "en"), ("en", "en"), ("en-GB", "en"),
        ("zh_CN", "zh"), ("韩语", "ko"), ("朝鲜语", "ko"), ("维吾尔语", "ug"), ("广东话", "yue"),
        ("手语", "csl"), ("手语翻译", "csl"), ("藏语翻译", "bo"), ("斯瓦希里语", "斯瓦希里语"), ("sw", "sw"),
    ],
)  # fmt: skip
def test_a_language_is_understood_as_people_write_it(written, code):
    assert language_code(written) == code


@pytest.mark.parametrize("code", LANGUAGES)
def test_every_language_is_found_by_its_code_and_both_names(code):
    names = LANGUAGES[code]
    assert {language_code(word) for word in (code, names.zh, names.en)} == {code}
