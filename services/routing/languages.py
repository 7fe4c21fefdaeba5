"""Languages a mediator may speak and a party may need an interpreter for.

Applicants write the language in their own words (英语, English, en); the directory keeps codes.
"""

from __future__ import annotations

from collections.abc import Mapping

from shared.errors import Text

LANGUAGES: Mapping[str, Text] = {
    "zh": Text("普通话", "Mandarin"),
    "yue": Text("粤语", "Cantonese"),
    "nan": Text("闽南语", "Southern Min"),
    "csl": Text("手语", "Chinese Sign Language"),
    "bo": Text("藏语", "Tibetan"),
    "ug": Text("维吾尔语", "Uyghur"),
    "kk": Text("哈萨克语", "Kazakh"),
    "mn": Text("蒙古语", "Mongolian"),
    "ko": Text("朝鲜语", "Korean"),
    "za": Text("壮语", "Zhuang"),
    "ii": Text("彝语", "Yi"),
    "en": Text("英语", "English"),
    "ja": Text("日语", "Japanese"),
    "ru": Text("俄语", "Russian"),
    "fr": Text("法语", "French"),
    "de": Text("德语", "German"),
    "es": Text("西班牙语", "Spanish"),
    "pt": Text("葡萄牙语", "Portuguese"),
    "ar": Text("阿拉伯语", "Arabic"),
    "vi": Text("越南语", "Vietnamese"),
    "th": Text("泰语", "Thai"),
}
"""ISO 639 codes, the two-letter one where there is one."""

_ALIASES: Mapping[str, str] = {
    "中文": "zh", "汉语": "zh", "国语": "zh", "chinese": "zh", "广东话": "yue", "白话": "yue",
    "台语": "nan", "手语翻译": "csl", "sign language": "csl", "维语": "ug", "哈语": "kk",
    "蒙语": "mn", "韩语": "ko", "韩国语": "ko", "日本语": "ja", "俄罗斯语": "ru",
}  # fmt: skip

_CODES: Mapping[str, str] = {
    **{name.lower(): code for code, names in LANGUAGES.items() for name in names},
    **_ALIASES,
}


def language_code(written: str) -> str:
    """The ISO 639 code of a language written in Chinese, English or as a code.

    A language it does not know is returned as written: nobody speaks it, an interpreter is found
    by hand.
    """
    word = written.strip().lower()
    return _CODES.get(word) or _CODES.get(word.removesuffix("翻译")) or _base(word) or written


def _base(tag: str) -> str | None:
    """`en` for en-GB, None when the tag begins with no known code."""
    code = tag.replace("_", "-").split("-")[0]
    return code if code in LANGUAGES else None
