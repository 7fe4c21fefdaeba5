"""The words of every message: versioned templates in zh and en, plain text.

`services/notify/templates/<wording>/<channel>.<language>.v<n>.txt`, a wording being an event's name or, where
readers differ, that with an addition (`values.wording`). A released file is not edited: a new wording is
a new version beside it. New messages use the newest; recorded ones keep what they were rendered
with. The first line of an e-mail template is its subject.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from jinja2 import FileSystemLoader, StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

FOLDER: Final = Path(__file__).parents[1] / "templates"
SEGMENTS_LIMIT: Final = 3
"""A text message is paid for by the segment; none may take more than this."""

_FILE = re.compile(
    r"(?P<wording>[a-z_.]+)/(?P<channel>sms|email)\.(?P<language>zh|en)\.v(?P<version>\d+)\.txt"
)


@dataclass(frozen=True, slots=True)
class Rendered:
    """The words of one message and the template they came from; `subject` is "" for `sms`."""

    template: str
    version: int
    subject: str
    text: str


class Templates:
    """All templates, read once; `site` is the public address that e-mails point to."""

    def __init__(self, site: str, folder: Path = FOLDER) -> None:
        # Sandboxed because wording is office work: a template can read the message's values and
        # nothing else. Strict because a hole in a sentence must fail before anything is recorded.
        self.environment = ImmutableSandboxedEnvironment(
            loader=FileSystemLoader(folder),
            undefined=StrictUndefined,
            autoescape=False,
            auto_reload=False,
        )
        self.environment.globals["site"] = site
        self.newest: dict[str, int] = {}
        for path in folder.glob("*/*.txt"):
            if found := _FILE.fullmatch(path.relative_to(folder).as_posix()):
                name = "{wording}/{channel}.{language}".format(**found.groupdict())
                self.newest[name] = max(self.newest.get(name, 0), int(found["version"]))

    def render(
        self, wording: str, channel: str, language: str, values: Mapping[str, str]
    ) -> Rendered:
        """The newest wording filled in; KeyError for no such template, jinja2.UndefinedError for a
        value it names and does not get.
        """
        name = f"{wording}/{channel}.{language}"
        version = self.newest[name]
        text = self.environment.get_template(f"{name}.v{version}.txt").render(values).strip()
        if channel == "sms":
            return Rendered(name, version, "", text)
        subject, _, body = text.partition("\n")
        return Rendered(name, version, subject.strip(), body.strip() + "\n")


def segments(text: str) -> int:
    """Parts a text message is sent and paid in: 70 UTF-16 units alone, 67 in each of several.

    The signature 【调解】 makes every text UCS-2 (3GPP TS 23.038), English ones too.
    """
    units = len(text.encode("utf-16-le")) // 2
    return 1 if units <= 70 else -(-units // 67)
