"""Texts that a vendor has approved, and which of them says exactly what a message says.

Mainland vendors send no free text: they take the code of a text that was examined before, and the
values of its variables. What may be sent is therefore found by its words: an approved text is a
pattern, and a message that it does not match word for word is not sent in its place. One code serves
every version of a wording that reads alike; where a wording has alternatives (`您的`, `您代理的`), the
deployment decides whether they are a variable of one text or texts of their own.

`TIAOJIE_SMS_TEMPLATE_CODES` names a JSON file {vendor: {code: text}}, each text as the vendor's console
shows it, without signature: `${name}` is a variable at Aliyun, `{1}` at Tencent.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import orjson

from services.notify.channels import OursToMend
from shared.settings import SettingsError

VENDORS: Final = ("aliyun", "tencent")

_VARIABLE: Final[Mapping[str, re.Pattern[str]]] = {
    "aliyun": re.compile(r"\$\{([A-Za-z][A-Za-z0-9_]{0,31})\}"),
    "tencent": re.compile(r"\{([1-9][0-9]?)\}"),
}
_CODE: Final = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)
_SIGNATURE: Final = re.compile(r"【([^】]{1,30})】")
_VALUE_LONGEST: Final = 60
"""Characters of one value; the longest of ours, the name of an organisation, has 40."""


@dataclass(frozen=True, slots=True)
class Approved:
    """What to order from the vendor: `values` by the names of the variables, in the order in which
    the approved text first has them."""

    code: str
    values: Mapping[str, str]


class ApprovedTexts:
    """The texts of one vendor."""

    def __init__(self, vendor: str, texts: Mapping[str, str], signature: str) -> None:
        self._signature = signature
        self._patterns = [(code, _pattern(vendor, text)) for code, text in texts.items()]

    def find(self, text: str) -> Approved:
        """The approved text that is this message; OursToMend if there is none, or if the message is
        signed by somebody else than the vendor would sign it."""
        signed = _SIGNATURE.match(text)
        if signed is None or signed[1] != self._signature:
            raise OursToMend("wrong_signature")
        words = text[signed.end() :]
        for code, pattern in self._patterns:
            if found := pattern.fullmatch(words):
                return Approved(
                    code, {name[1:]: value for name, value in found.groupdict().items()}
                )
        raise OursToMend("no_approved_template")


def read_approved(path: str) -> Mapping[str, Mapping[str, str]]:
    """{vendor: {code: text}} of the file; SettingsError naming every fault in it."""
    try:
        content = orjson.loads(Path(path).read_bytes())
    except OSError as error:
        raise SettingsError(f"TIAOJIE_SMS_TEMPLATE_CODES: {type(error).__name__}") from None
    except orjson.JSONDecodeError:
        raise SettingsError("TIAOJIE_SMS_TEMPLATE_CODES: not JSON") from None
    faults = list(_faults(content))
    if faults:
        raise SettingsError("\n".join(f"TIAOJIE_SMS_TEMPLATE_CODES: {fault}" for fault in faults))
    texts: Mapping[str, Mapping[str, str]] = content
    return texts


def _faults(content: object) -> Iterator[str]:
    if not isinstance(content, dict):
        yield "an object of vendors"
        return
    for vendor, texts in content.items():
        if vendor not in VENDORS or not isinstance(texts, dict):
            yield f"{vendor}: one of {', '.join(VENDORS)}, each an object of codes and texts"
            continue
        seen: dict[str, str] = {}
        for code, text in texts.items():
            yield from (f"{vendor}/{code}: {fault}" for fault in _text_faults(vendor, code, text))
            if isinstance(text, str) and text in seen:
                yield f"{vendor}/{code}: the same text as {seen[text]}"
            seen[str(text)] = code


def _text_faults(vendor: str, code: str, text: object) -> Iterator[str]:
    if not _CODE.fullmatch(code):
        yield "a code is letters, digits, _ and -"
    if not isinstance(text, str) or not text.strip():
        yield "a text"
        return
    if _SIGNATURE.match(text):
        yield "without its signature, which is a setting of the vendor"
    names = _VARIABLE[vendor].findall(text)
    if re.search(r"[${}]", _VARIABLE[vendor].sub("", text)):
        yield "a variable that cannot be read"
    if vendor == "tencent" and list(dict.fromkeys(names)) != [
        str(number) for number in range(1, len(set(names)) + 1)
    ]:
        yield "variables are numbered from 1 on in the order of the text"
    if _VARIABLE[vendor].search(text) and re.search(r"\}\$?\{", text):
        yield "two variables without a word between them"


def _pattern(vendor: str, text: str) -> re.Pattern[str]:
    """What a message must be like: the same words, and something where the variables are. A vendor
    takes no empty value, so a text with a variable is never used for a message without it."""
    parts: list[str] = []
    seen: set[str] = set()
    at = 0
    for variable in _VARIABLE[vendor].finditer(text):
        name = f"v{variable[1]}"
        parts.append(re.escape(text[at : variable.start()]))
        parts.append(f"(?P={name})" if name in seen else f"(?P<{name}>.{{1,{_VALUE_LONGEST}}}?)")
        seen.add(name)
        at = variable.end()
    return re.compile("".join([*parts, re.escape(text[at:])]))
