"""The words of every message: versioned wordings in zh and en, plain text.

`services/notify/templates/<wording>/<channel>.<language>.v<n>.txt`, a wording being an event's name
or, where readers differ, that with an addition (`values.wording`), and what administrators released
since (`wordings`), which continues those numbers. Neither is edited: a new wording is a new version.
New messages use the newest; recorded ones keep what they were rendered with. The first line of an
e-mail is its subject.
"""

from __future__ import annotations

import re
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final, Protocol

from jinja2 import StrictUndefined, Template
from jinja2.sandbox import ImmutableSandboxedEnvironment

from services.notify.people.sample_values import SITE, units
from services.notify.people.samples import described
from shared.errors import BackendAway, Transient
from shared.log import logger

FOLDER: Final = Path(__file__).parents[1] / "templates"
SEGMENTS_LIMIT: Final = 3
"""A text message is paid for by the segment; none may take more than this."""

LOOK_SECONDS: Final = 3.0
"""How long a process may be behind a release; it looks again with the first batch after that."""

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


class Releases(Protocol):
    """What administrators released, by id: `<wording>/<channel>.<language>.v<n>`. Raises BackendAway
    while the database is away, another Transient if it refuses."""

    def ids(self) -> frozenset[str]: ...

    def texts(self, ids: Collection[str], /) -> Mapping[str, str]: ...


class Templates:
    """All wordings that count now; `site` is the public address that e-mails point to.

    Safe to share between threads: what is released is exchanged as a whole.
    """

    def __init__(
        self,
        site: str,
        folder: Path = FOLDER,
        releases: Releases | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        # Sandboxed because wording is office work: a template can read the message's values and
        # nothing else. Strict because a hole in a sentence must fail before anything is recorded.
        self.environment = ImmutableSandboxedEnvironment(
            undefined=StrictUndefined,
            autoescape=False,
        )
        self.environment.globals[SITE] = site
        self._folder = folder
        self._releases = releases
        self._clock = clock
        self._looking = threading.Lock()
        self._look_at = 0.0
        self._known: frozenset[str] | None = None
        self._released: Mapping[str, tuple[int, str]] = {}
        self._ready: dict[str, tuple[int, Template]] = {}

    @cached_property
    def files(self) -> Mapping[str, tuple[int, ...]]:
        """The versions in the folder, in ascending order, by `<wording>/<channel>.<language>`."""
        found = defaultdict(list)
        for path in self._folder.glob("*/*.txt"):
            if match := _FILE.fullmatch(path.relative_to(self._folder).as_posix()):
                name = "{wording}/{channel}.{language}".format(**match.groupdict())
                found[name].append(int(match["version"]))
        return {name: tuple(sorted(versions)) for name, versions in found.items()}

    @property
    def newest(self) -> Mapping[str, int]:
        """The version that new messages take, of every wording in every channel and language."""
        of_files = {name: versions[-1] for name, versions in self.files.items()}
        return of_files | {name: version for name, (version, _) in self._released.items()}

    def source(self, name: str, version: int) -> str:
        """The text of a file; FileNotFoundError if there is none of this version."""
        return (self._folder / f"{name}.v{version}.txt").read_text("utf-8")

    def render(
        self, wording: str, channel: str, language: str, values: Mapping[str, str]
    ) -> Rendered:
        """The newest wording filled in; KeyError for no such template, jinja2.UndefinedError for a
        value it names and does not get.
        """
        name = f"{wording}/{channel}.{language}"
        version, template = self._ready.get(name) or self._prepare(name)
        subject, text = composed(channel, template.render(values))
        return Rendered(name, version, subject, text)

    def filling(self, channel: str, text: str) -> Callable[[Mapping[str, str]], tuple[str, str]]:
        """What makes (subject, text) of any text that `template_grammar` can read."""
        template = self.environment.from_string(text)
        return lambda values: composed(channel, template.render(values))

    def look(self) -> None:
        """Learn what was released since, if it is time to look; a few seconds' worth of batches
        share one look. While the database cannot be asked, what is known goes on counting; only
        the first look must succeed (BackendAway): before it, nothing is known.
        """
        if self._releases is None or not self._is_time:
            return
        if not self._looking.acquire(blocking=self._known is None):  # somebody else looks just now
            return
        try:
            if self._is_time:
                self._look_at = self._clock() + LOOK_SECONDS
                self._learn(self._releases)
        except Transient as error:
            if self._known is None and isinstance(error, BackendAway):
                raise
            logger().warning("templates_not_read", error=type(error).__name__)
        finally:
            self._looking.release()

    @property
    def _is_time(self) -> bool:
        return self._known is None or self._clock() >= self._look_at

    def _prepare(self, name: str) -> tuple[int, Template]:
        """The newest wording, compiled; kept until a newer one is learned of."""
        ready = self._ready  # first: what is kept here is not newer than what is released then
        version, text = self._released.get(name) or self._of_file(name)
        ready[name] = found = version, self.environment.from_string(text)
        return found

    def _of_file(self, name: str) -> tuple[int, str]:
        version = self.files[name][-1]
        return version, self.source(name, version)

    def _learn(self, releases: Releases) -> None:
        ids = releases.ids()
        if ids == self._known:
            return
        changed = ids ^ (self._known or frozenset())
        names = {name for name, _ in map(parted, changed) if name in self.files}
        texts = releases.texts([each for each in ids if parted(each)[0] in names])
        released = {name: kept for name, kept in self._released.items() if name not in names}
        for identity in sorted(texts, key=parted, reverse=True):
            name, version = parted(identity)
            if name in released or version < self.files[name][-1]:
                continue  # there is a newer one, a release or a file of a later deployment
            if is_usable(name, texts[identity]):
                released[name] = version, texts[identity]
            else:
                logger().error("template_unusable", name=name, version=version)
        self._released, self._known = released, ids
        self._ready = {name: kept for name, kept in self._ready.items() if name not in names}


def parted(identity: str) -> tuple[str, int]:
    """(`<wording>/<channel>.<language>`, version) of the id of a version."""
    name, _, version = identity.rpartition(".v")
    return name, int(version)


def is_usable(name: str, text: str) -> bool:
    """Whether this program can fill a released text: it may have been written for another version
    of it, which gave other values."""
    wording = described(name.partition("/")[0])
    channel = name.partition("/")[2].partition(".")[0]
    return wording is not None and wording.fills(channel, text)


def composed(channel: str, words: str) -> tuple[str, str]:
    """(subject, text) of what a template gave."""
    text = words.strip()
    if channel == "sms":
        return "", text
    subject, _, body = text.partition("\n")
    return subject.strip(), body.strip() + "\n"


def segments(text: str) -> int:
    """Parts a text message is sent and paid in: 70 UTF-16 units alone, 67 in each of several.

    The signature 【调解】 makes every text UCS-2 (3GPP TS 23.038), English ones too.
    """
    length = units(text)
    return 1 if length <= 70 else -(-length // 67)
