"""Staff who read an application: theirs by the policy table, for a stated purpose, written down.

What intake knows of whose a case is follows the events of the case, so it is as new as they are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from flask import request

from services.intake import presenting
from services.intake.audit import PURPOSES, Audit
from services.intake.masking import mask, masked, supplements_of
from services.intake.store import Applications
from shared.access import Concerned
from shared.asking import caller, reached, typed_serial_number
from shared.civil_time import rfc3339
from shared.contracts.fields import Choice
from shared.contracts.lifecycle import STATUSES
from shared.contracts.policy import Relation
from shared.contracts.schema import Body
from shared.errors import FieldError, Language, Refused, Text
from shared.sealing import Keyring
from shared.store import Document

_STAFF: Final[frozenset[Relation]] = frozenset({"own_divisions", "own_organisation", "own_case"})
"""Relations of those who work with cases."""

_YES_AND_NO: Final = ("true", "false")


class ReadingFor(Body):
    """What staff read it for, which is written down. Parties state no purpose."""

    purpose = Choice("查阅目的", tuple(PURPOSES))


class Reading(ReadingFor):
    """And whether they open the small eye."""

    unmask = Choice("是否显示完整内容", _YES_AND_NO)


def unmasking() -> bool:
    """Whether the request asks for what is masked; Refused("validation_failed") for other words."""
    given = request.args.get("unmask", "false")
    if given not in _YES_AND_NO:
        raise Refused("validation_failed", errors=[_UNKNOWN_UNMASK])
    return given == "true"


def purpose() -> str:
    """What the request says it is for; Refused("validation_failed") with the list of purposes."""
    given = request.args.get("purpose", "")
    if given not in PURPOSES:
        code = "unknown_value" if given else "required"
        raise Refused("validation_failed", errors=[FieldError("/purpose", code, _PURPOSES)])
    return given


@dataclass(frozen=True, slots=True)
class Readers:
    """Lets staff come to applications, and writes down what they read before it is shown."""

    applications: Applications
    audit: Audit

    def are_asking(self) -> bool:
        """Whether the caller works with cases, rather than having one."""
        return caller().relation in _STAFF

    def application(self, typed: str) -> Document:
        """The application, if it is of the caller's cases: others do not exist. Refused:
        serial_checksum, not_found."""
        document = self.applications.read(typed_serial_number(typed))
        if document is None or not reached(concerned(document)):
            raise Refused("not_found")
        return document

    def write_down(self, document: Document, what: str, *, unmasked: bool) -> str:
        """The purpose of the read, which is in the log when this returns. Refused:
        validation_failed without a purpose; Transient when it cannot be written."""
        principal = caller().principal
        if principal is None:
            raise Refused("unauthorised")
        stated = purpose()
        self.audit.record(principal, document["_id"], what, stated, unmasked=unmasked)
        return stated


def concerned(document: Mapping[str, Any]) -> Concerned:
    """Whose the case of an application is."""
    return Concerned(
        division=document.get("case_division_code") or document["division_code"],
        organisation=document.get("organisation_id"),
        mediator=document.get("mediator_id"),
    )


def staff_view(
    document: Mapping[str, Any], keyring: Keyring, language: Language, *, unmask: bool
) -> dict[str, Any]:
    """All that was applied with and added since, masked unless asked for; no codes."""
    opened = presenting.unsealed(document, keyring)
    names = presenting.file_names(document, opened, keyring)
    application, supplements = opened["application"], supplements_of(document, keyring)
    if not unmask:
        application = masked(application)
        names = [mask("file_name", name) for name in names]
        supplements = [{**s, "statement": mask("statement", s["statement"])} for s in supplements]
    return {
        "serial_number": document["_id"],
        "status": document["status"],
        "status_text": STATUSES[document["status"]].to(language),
        "received_at": rfc3339(document["received_at"]),
        "masked": not unmask,
        "application": application,
        "supplements": supplements,
        "files": _files(document, names),
    }


def _files(document: Mapping[str, Any], names: Sequence[str]) -> list[dict[str, Any]]:
    return [
        {
            "index": index,
            "file_name": name,
            "kind": attachment["kind"],
            "state": attachment["state"],
            "size_bytes": attachment.get("size_bytes"),
        }
        for index, (attachment, name) in enumerate(zip(document["attachments"], names, strict=True))
    ]


_PURPOSES: Final = Text(
    f"请注明查阅目的：{'、'.join(f'{name}（{text.zh}）' for name, text in PURPOSES.items())}",
    f"State what for: {', '.join(f'{name} ({text.en})' for name, text in PURPOSES.items())}",
)
_UNKNOWN_UNMASK: Final = FieldError(
    "/unmask", "unknown_value", Text("请填写 true 或者 false", "Either true or false")
)
