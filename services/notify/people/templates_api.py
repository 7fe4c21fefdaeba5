"""The wording of messages over HTTP: administrators read, preview and release it, each release a new
version that counts for new messages within seconds, without a deployment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from flask import request

from services.notify.people import template_answers as answers
from services.notify.people.preferences import WRITTEN
from services.notify.people.samples import Wording, described
from services.notify.people.template_approval import Approvals
from services.notify.people.template_checks import Place, Preview, faults, previews, warnings
from services.notify.people.templates import Templates
from services.notify.people.wordings import Edition, Release, Wordings, counting, editions
from shared.access import Concerned
from shared.asking import caller, json_bytes, reached
from shared.civil_time import today
from shared.contracts.fields import Str
from shared.contracts.schema import Body, parse_json, read
from shared.errors import Language, Refused, Text
from shared.log import logger
from shared.store import AlreadyExists
from shared.web import Answer, Route

TEXT_MOST: Final = 5000
NOTE_MOST: Final = 500

_Texts = Mapping[str, Sequence[Edition]]
"""Every text of a wording by its name, with its versions, the newest first."""


class ReleaseBody(Body):
    """New words, and why."""

    text = Str("模板内容", TEXT_MOST, lines=True, required=True)
    note = Str("修改说明", NOTE_MOST, required=True)


class PreviewBody(Body):
    """Words to look at; those in use if they are left out."""

    text = Str("模板内容", TEXT_MOST, lines=True)


@dataclass(frozen=True, slots=True)
class WordingOffice:
    """What the views work with; made once per process by `app`."""

    templates: Templates
    wordings: Wordings
    approvals: Approvals

    def listed(self) -> dict[str, Any]:
        """All texts there are, without their words."""
        _administrator()
        released = self.wordings.newest()
        items = []
        for name, versions in sorted(self.templates.files.items()):
            release = released.get(name)
            if release is None or release.version < versions[-1]:
                edition = Edition(versions[-1], "", None)
            else:
                edition = Edition(release.version, "", release)
            items.append(_placed(name, edition))
        return {"items": items}

    def wording(self, wording: str) -> dict[str, Any]:
        about = self._about(wording)
        language = caller().language
        texts = self._texts(about)
        newest = {name: found[0].text for name, found in texts.items()}
        return {
            "wording": about.name,
            "event": about.event,
            "audiences": about.audiences,
            "values": [
                {
                    "name": name,
                    "meaning": value.meaning.to(language),
                    "example": value.usual.to(language),
                    "longest": len(value.longest.to(language)),
                    "required": name in about.required,
                    "may_be_missing": name in about.absent,
                    "choices": list(about.choices.get(name, ())),
                }
                for name, value in about.values.items()
            ],
            "texts": [
                _placed(name, found[0])
                | {"text": found[0].text, "in_use": counting(name, found).version}
                for name, found in texts.items()
            ],
            "warnings": [
                warning.to(language)
                for name, text in newest.items()
                for warning in warnings(_place(about, name), text, _other(name, newest))
            ],
        }

    def put(self, wording: str, channel: str, language: str) -> Answer:
        place, texts = self._find(wording, channel, language)
        seen = _seen_version()
        stated = read(ReleaseBody(), parse_json(json_bytes()), today())
        shown = self._shown(place, texts, stated["text"])
        newest = texts[place.name][0]
        if newest.version != seen:
            raise _conflict(newest.version)
        if stated["text"] != newest.text:  # else it counts already: nothing new to approve
            newest = self._release(place, newest.version + 1, stated)
        body = _placed(place.name, newest) | {"text": newest.text} | shown
        return Answer(body, headers={"ETag": f'"{newest.version}"'})

    def preview(self, wording: str, channel: str, language: str) -> dict[str, Any]:
        place, texts = self._find(wording, channel, language)
        stated = read(PreviewBody(), parse_json(json_bytes()), today())
        text = stated.get("text") or counting(place.name, texts[place.name]).text
        return self._shown(place, texts, text)

    def versions(self, wording: str, channel: str, language: str) -> dict[str, Any]:
        place, texts = self._find(wording, channel, language)
        found = texts[place.name]
        return {"items": [_version(edition) | {"text": edition.text} for edition in found]}

    def _about(self, wording: str) -> Wording:
        """What the wording may say; nothing is added by asking for it: only what exists is told."""
        _administrator()
        about = described(wording)
        if about is None or not any(n.startswith(f"{wording}/") for n in self.templates.files):
            raise Refused("not_found")
        return about

    def _texts(self, about: Wording) -> _Texts:
        releases = self.wordings.of(about.name)
        names = sorted(n for n in self.templates.files if n.startswith(f"{about.name}/"))
        return {name: editions(self.templates, name, releases) for name in names}

    def _find(self, wording: str, channel: str, language: str) -> tuple[Place, _Texts]:
        """The text an address names, and all texts of its wording."""
        about = self._about(wording)
        texts = self._texts(about)
        name = f"{wording}/{channel}.{language}"
        if name not in texts:
            raise Refused("not_found")
        return _place(about, name), texts

    def _shown(self, place: Place, texts: _Texts, text: str) -> dict[str, Any]:
        """Previews, warnings and what must be approved; Refused with every fault of the text."""
        wrong = faults(self.templates, place, text)
        if wrong:
            raise Refused("validation_failed", errors=[fault.at("/text") for fault in wrong])
        language = caller().language
        newest = {name: found[0].text for name, found in texts.items()}
        shown = previews(self.templates, place, text)
        wanted = None
        if place.channel == "sms":
            changed = text != newest[place.name]
            wanted = self.approvals.wanted([each.text for each in shown], changed=changed)
        found = warnings(place, text, _other(place.name, newest))
        return {
            "previews": [_preview(each, language) for each in shown],
            "warnings": [warning.to(language) for warning in found],
            "approval": wanted.to(language) if wanted else None,
        }

    def _release(self, place: Place, version: int, stated: Mapping[str, Any]) -> Edition:
        by = caller().principal
        release = Release(
            place.name,
            version,
            stated["text"],
            datetime.now(UTC).replace(microsecond=0),
            by.subject if by else "",
            stated["note"],
        )
        try:
            self.wordings.add(release)
        except AlreadyExists:  # somebody else was faster
            raise _conflict(version) from None
        logger().info("template_released", name=release.name, version=release.version)
        return Edition(version, release.text, release)


def _administrator() -> None:
    """The wording is the whole country's: for administrators whose token names no division."""
    if not reached(Concerned()):
        raise Refused("not_found")


def _seen_version() -> int:
    """The version in If-Match; Refused("version_required") without a usable one."""
    given = request.headers.get("If-Match", "").strip().removeprefix("W/").strip('"')
    if not (given.isascii() and given.isdigit() and len(given) < 10):
        raise Refused("version_required")
    return int(given)


def _conflict(version: int) -> Refused:
    return Refused("version_conflict", extra={"current_version": version})


def _place(about: Wording, name: str) -> Place:
    channel, _, language = name.partition("/")[2].partition(".")
    return Place(about, channel, "en" if language == "en" else "zh")


def _other(name: str, texts: Mapping[str, str]) -> str:
    """The same in the other language, "" if there is none."""
    stem, _, language = name.rpartition(".")
    return texts.get(f"{stem}.{'zh' if language == 'en' else 'en'}", "")


def _placed(name: str, edition: Edition) -> dict[str, Any]:
    wording, _, where = name.partition("/")
    channel, _, language = where.partition(".")
    return {"wording": wording, "channel": channel, "language": language, **_version(edition)}


def _version(edition: Edition) -> dict[str, Any]:
    release = edition.release
    return {
        "version": edition.version,
        "origin": "release" if release else "file",
        "released_at": release.released_at.isoformat() if release else None,
        "released_by": release.released_by if release else None,
        "note": release.note if release else None,
    }


def _preview(preview: Preview, language: Language) -> dict[str, Any]:
    parts = preview.segments
    cost = Text(f"按{parts}条短信计费", f"charged as {parts} text message(s)")
    return {
        "audience": preview.sample.audience,
        "kind": preview.sample.kind,
        "subject": preview.subject or None,
        "text": preview.text,
        "length": len(preview.text),
        "segments": parts,
        "cost": cost.to(language) if parts else None,
    }


_CHOICES: Final = {"channel": WRITTEN, "language": answers.LANGUAGES}
_BODY: Final = ("validation_failed", "malformed_json", "body_too_large", "unsupported_media_type")


def routes(office: WordingOffice) -> Sequence[Route]:
    """Reading, previewing and releasing wordings."""
    text = "/v1/message-templates/{wording}/{channel}/{language}"
    return (
        Route(
            "GET", "/v1/message-templates", office.listed, "All wordings of messages, newest versions",
            answer=answers.TemplateList, refusals=("not_found",),
        ),
        Route(
            "GET", "/v1/message-templates/{wording}", office.wording,
            "One wording: who reads it, what it may say and what it says",
            answer=answers.TemplateWording, refusals=("not_found",),
        ),
        Route(
            "PUT", text, office.put, "Release a new version, which new messages take from now on",
            body=ReleaseBody, answer=answers.TemplateReleased, choices=_CHOICES,
            headers={"If-Match": "required"}, answer_headers=("ETag",),
            refusals=("not_found", "version_conflict", "version_required", *_BODY),
        ),
        Route(
            "POST", f"{text}/preview", office.preview, "What each reader would get; nothing is kept",
            body=PreviewBody, answer=answers.TemplateShown, choices=_CHOICES,
            refusals=("not_found", *_BODY),
        ),
        Route(
            "GET", f"{text}/versions", office.versions, "All versions of one text, newest first",
            answer=answers.TemplateVersions, choices=_CHOICES, refusals=("not_found",),
        ),
    )  # fmt: skip
