"""Where staff are told, over HTTP: administrators register addresses, and see them masked."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, ClassVar, Final

from flask import Response, request

from services.notify.answers import StaffDesk
from services.notify.channels.chat import is_robot
from services.notify.domain import Desk
from services.notify.people.addresses import MASK, chat_address, sms_address
from services.notify.people.staff import StaffContacts
from shared.access import Concerned
from shared.asking import caller, json_bytes, reached
from shared.civil_time import today
from shared.contracts.faults import fault
from shared.contracts.fields import Choice, Code, Email, Part, Parts, Str
from shared.contracts.schema import Body, Rule, parse_json, read
from shared.errors import FieldError, Refused
from shared.web import Answer, Route

_ID: Final = "[A-Za-z0-9][A-Za-z0-9_-]{0,63}"
_AUDIENCE: Final = re.compile(rf"platform|(organisation|mediator):({_ID})", re.ASCII)
_CONTACTS_MOST: Final = 10


def _usable(body: Mapping[str, Any], _: date) -> Iterable[FieldError]:
    """A number that receives text messages, an address that is not one of our masked ones, a robot
    that we would speak to, and one of them at least."""
    for index, contact in enumerate(body.get("contacts") or ()):
        at = f"/contacts/{index}"
        if contact is None:
            yield fault("required").at(at)
            continue
        phone, email, chat = contact.get("phone"), contact.get("email"), contact.get("chat")
        if phone and sms_address(phone) is None:
            yield fault("bad_format").at(f"{at}/phone")
        if email and MASK in email:
            yield fault("bad_format").at(f"{at}/email")
        if chat and (chat_address(chat) is None or MASK in chat or not is_robot(chat)):
            yield fault("bad_format").at(f"{at}/chat")
        if not phone and not email and not chat:
            yield fault("required").at(f"{at}/phone")


class StaffContactBody(Body):
    """One person, shared mailbox or group: a phone, an e-mail address, the address of a robot of the
    group in DingTalk, WeCom or Feishu as Apprise writes it (`dingtalk://token`), or several."""

    phone = Code("手机号码", r"\+?[0-9][0-9 ()-]{4,22}")
    email = Email("电子邮箱")
    chat = Str("群聊机器人地址", 500)
    language = Choice("语言", ("zh", "en"))


class StaffContactsBody(Body):
    """All contacts of a desk; they replace those there were."""

    contacts = Parts(
        "联系方式", Part("联系人", StaffContactBody), most=_CONTACTS_MOST, required=True
    )
    rules: ClassVar[tuple[Rule, ...]] = (_usable,)


class OfOrganisation(Body):
    """Which organisation a mediator is registered for; an administrator's own if it is left out."""

    organisation = Code("调解组织编号", _ID)


@dataclass(frozen=True, slots=True)
class StaffPhonebook:
    """What the views work with; made once per process by `app`."""

    contacts: StaffContacts

    def read(self, audience: str) -> Answer:
        return self._answer(audience, _desk(audience))

    def put(self, audience: str) -> Answer:
        desk = _desk(audience)
        stated = read(StaffContactsBody(), parse_json(json_bytes()), today())
        by = caller().principal
        self.contacts.put(desk, stated["contacts"], by.subject if by else "", datetime.now(UTC))
        return self._answer(audience, desk)

    def delete(self, audience: str) -> Response:
        if not self.contacts.delete(_desk(audience)):
            raise Refused("not_found")
        return Response(status=204)

    def _answer(self, audience: str, desk: Desk) -> Answer:
        shown = self.contacts.shown(desk)
        if shown is None:
            raise Refused("not_found")
        return Answer({"audience": audience, "organisation": desk.organisation, **shown})


def _desk(audience: str) -> Desk:
    """The desk an address names, if the caller may come to it: else it does not exist."""
    found = _AUDIENCE.fullmatch(audience)
    if found is None:
        raise Refused("not_found")
    kind, key = found.groups()
    desk = Desk() if kind is None else Desk(key) if kind == "organisation" else _mediator(key)
    if not reached(Concerned(organisation=desk.organisation)):
        raise Refused("not_found")
    return desk


def _mediator(mediator: str) -> Desk:
    """A mediator as a member of the organisation named, or of the caller's own."""
    stated = read(OfOrganisation(), request.args.to_dict(), today()).get("organisation")
    by = caller().principal
    organisation = stated or (by.organisation if by else None)
    if organisation is None:
        raise Refused("validation_failed", errors=[fault("required").at("/organisation")])
    return Desk(organisation, mediator)


_REFUSALS: Final = ("not_found", "validation_failed")
_BODY_REFUSALS: Final = ("malformed_json", "body_too_large", "unsupported_media_type")


def routes(phonebook: StaffPhonebook) -> Sequence[Route]:
    """Managing the addresses of staff."""
    path = "/v1/staff-contacts/{audience}"
    return (
        Route(
            "GET", path, phonebook.read, "Where staff are told, masked",
            query=OfOrganisation, answer=StaffDesk, refusals=_REFUSALS,
        ),
        Route(
            "PUT", path, phonebook.put, "State where staff are told",
            body=StaffContactsBody, query=OfOrganisation, answer=StaffDesk,
            refusals=(*_REFUSALS, *_BODY_REFUSALS),
        ),
        Route(
            "DELETE", path, phonebook.delete, "Tell these staff no more",
            query=OfOrganisation, status=204, refusals=_REFUSALS,
        ),
    )  # fmt: skip
