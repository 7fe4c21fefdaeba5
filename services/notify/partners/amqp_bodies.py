"""What partners send about their own queues, and the state that comes of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, ClassVar

import orjson

from services.notify.partners import amqp
from services.notify.partners.asked_for import must_be_counties, places_of, unknown_types
from services.notify.partners.bindings import must_be_few, routing_keys
from services.notify.people.addresses import MASK
from shared.contracts.faults import fault
from shared.contracts.fields import Choice, Code, Count, Email, Parts, Slug, Str
from shared.contracts.schema import Body, Rule
from shared.errors import FieldError
from shared.sealing import Keyring

PATTERN = r"[a-z][a-z0-9_.]{0,126}\*?"
TYPES_MOST = 60
DIVISIONS_MOST = 100
_DIVISION = "[0-9]{2,12}"
_WORDS_MOST = 200


def types_exist(body: Mapping[str, Any], _: date) -> Iterable[FieldError]:
    return unknown_types(body.get("event_types") or (), "/event_types/{}")


def no_masked_address(body: Mapping[str, Any], _: date) -> Iterable[FieldError]:
    if MASK in (body.get("alert_email") or ""):
        yield fault("bad_format").at("/alert_email")


def _some_types(body: Mapping[str, Any], _: date) -> Iterable[FieldError]:
    if "event_types" in body and not body["event_types"]:
        yield fault("required").at("/event_types")


class AmqpCredentialsChange(Body):
    """What may be changed of a queue; what is not named stays."""

    event_types = Parts("事件类型", Code("事件类型", PATTERN), most=TYPES_MOST)
    divisions = Parts("区划", Code("区划代码", _DIVISION), most=DIVISIONS_MOST)
    description = Str("说明", _WORDS_MOST)
    alert_email = Email("告警邮箱")
    language = Choice("语言", ("zh", "en"))
    rules: ClassVar[tuple[Rule, ...]] = (types_exist, _some_types, no_masked_address)


class NewAmqpCredentialsBody(AmqpCredentialsChange):
    """A queue of one's own: which events it gets, from where, and what bounds it."""

    event_types = Parts("事件类型", Code("事件类型", PATTERN), most=TYPES_MOST, required=True)
    max_length = Count("队列长度", least=1, most=amqp.MAX_LENGTH_MOST)
    message_ttl_days = Count("保留天数", least=1, most=amqp.TTL_DAYS_MOST)
    channel = Slug("渠道")


def new_state(
    body: Mapping[str, Any], key: str, reach: Sequence[str], keyring: Keyring
) -> dict[str, Any]:
    """What is kept of a body for a new queue. Refused("validation_failed")."""
    language = body.get("language") or "zh"
    return {
        "event_types": list(dict.fromkeys(body["event_types"])),
        "divisions": _places(body.get("divisions") or (), reach),
        "description": body.get("description"),
        "max_length": body.get("max_length") or amqp.MAX_LENGTH_USUAL,
        "message_ttl_days": body.get("message_ttl_days") or amqp.TTL_DAYS_USUAL,
        "language": language,
        "alert_sealed": sealed_alert(keyring, key, body.get("alert_email"), language),
    }


def changed_state(
    body: Mapping[str, Any], state: Mapping[str, Any], reach: Sequence[str], keyring: Keyring
) -> dict[str, Any]:
    """What a body changes. Refused("validation_failed")."""
    changes: dict[str, Any] = {}
    if "event_types" in body:
        changes["event_types"] = list(dict.fromkeys(body["event_types"]))
    if "divisions" in body:
        changes["divisions"] = _places(body["divisions"] or (), reach)
    if "description" in body:
        changes["description"] = body["description"]
    if body.get("language"):
        changes["language"] = body["language"]
    if "alert_email" in body or "language" in changes:
        key, language = state["_id"], changes.get("language", state["language"])
        email = (
            body["alert_email"]
            if "alert_email" in body
            else opened_alert(keyring, key, state["alert_sealed"])
        )
        changes["alert_sealed"] = sealed_alert(keyring, key, email, language)
    return changes


def must_be_bindable(state: Mapping[str, Any]) -> None:
    """Refused("validation_failed") for more bindings than a queue may have."""
    must_be_few(routing_keys(state["event_types"], state["divisions"]))


def _places(stated: Sequence[str], reach: Sequence[str]) -> list[str]:
    divisions = places_of(stated, reach, "/divisions/{}")
    must_be_counties(divisions, "/divisions")
    return list(divisions)


def sealed_alert(keyring: Keyring, key: str, email: str | None, language: str) -> str | None:
    """Where the owner is told, as it travels in events: notify alone opens it."""
    if not email:
        return None
    return keyring.seal(orjson.dumps({"email": email, "language": language}), f"alert:{key}")


def opened_alert(keyring: Keyring, key: str, sealed: str | None) -> str | None:
    """The address again."""
    if sealed is None:
        return None
    opened: dict[str, str] = orjson.loads(keyring.open(sealed, f"alert:{key}"))
    return opened["email"]
