"""What partners send about subscriptions, and the state that comes of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, ClassVar, Final

from services.notify.partners.addresses import URL_MOST, checked_url
from services.notify.partners.amqp_bodies import (
    PATTERN,
    TYPES_MOST,
    no_masked_address,
    opened_alert,
    sealed_alert,
    types_exist,
)
from services.notify.partners.asked_for import places_of
from shared.contracts.faults import Fault, fault
from shared.contracts.fields import Choice, Code, Count, Email, Flag, Moment, Parts, Slug, Str
from shared.contracts.schema import Body, Rule
from shared.errors import FieldError, Text
from shared.sealing import Keyring

DIVISIONS_MOST: Final = 100
CONCURRENCY_MOST: Final = 32
PER_SECOND_MOST: Final = 1000
REPLAYED_MOST: Final = 1000
_DIVISION: Final = "[0-9]{2,12}"
_WORDS_MOST: Final = 200
_EVENT_ID: Final = "[0-9A-Za-z_-]{1,64}"
_REQUIRED: Final = ("url", "event_types")


def _nothing_taken_away(body: Mapping[str, Any], _: date) -> Iterable[FieldError]:
    yield from (fault("required").at(f"/{n}") for n in _REQUIRED if n in body and not body[n])


class SubscriptionChange(Body):
    """What may be changed; what is not named stays. Another address is verified anew."""

    url = Str("接收网址", URL_MOST)
    event_types = Parts("事件类型", Code("事件类型", PATTERN), most=TYPES_MOST)
    divisions = Parts("区划", Code("区划代码", _DIVISION), most=DIVISIONS_MOST)
    description = Str("说明", _WORDS_MOST)
    refuses_unsigned = Flag("是否拒绝未签名的请求")
    alert_email = Email("告警邮箱")
    language = Choice("语言", ("zh", "en"))
    max_per_second = Count("每秒最多推送数", least=1, most=PER_SECOND_MOST)
    concurrency = Count("同时推送数", least=1, most=CONCURRENCY_MOST)
    rules: ClassVar[tuple[Rule, ...]] = (types_exist, no_masked_address, _nothing_taken_away)


class NewSubscription(SubscriptionChange):
    """Which events, from where, to which address."""

    url = Str("接收网址", URL_MOST, required=True)
    event_types = Parts("事件类型", Code("事件类型", PATTERN), most=TYPES_MOST, required=True)
    channel = Slug("渠道")


_ONE_OF_BOTH: Final = Fault(
    "one_of_both",
    Text("请填写 since 或 event_ids 其中一项", "Give either `since` or `event_ids`"),
)


def _one_of_both(body: Mapping[str, Any], _: date) -> Iterable[FieldError]:
    if bool(body.get("since")) == bool(body.get("event_ids")):
        yield _ONE_OF_BOTH.at("")


class Replay(Body):
    """Everything since a moment, or single events: one of both."""

    since = Moment("起始时间")
    event_ids = Parts("事件编号", Code("事件编号", _EVENT_ID), most=REPLAYED_MOST)
    rules: ClassVar[tuple[Rule, ...]] = (_one_of_both,)


def new_state(
    body: Mapping[str, Any], key: str, reach: Sequence[str], keyring: Keyring, *, loopback: bool
) -> dict[str, Any]:
    """What is kept of the body of a new subscription. Refused("validation_failed")."""
    language = body.get("language") or "zh"
    return {
        "url": checked_url(body["url"], loopback=loopback),
        "event_types": list(dict.fromkeys(body["event_types"])),
        "divisions": _places(body.get("divisions") or (), reach),
        "description": body.get("description"),
        "refuses_unsigned": bool(body.get("refuses_unsigned")),
        "max_per_second": body.get("max_per_second"),
        "concurrency": body.get("concurrency"),
        "language": language,
        "alert_sealed": sealed_alert(keyring, key, body.get("alert_email"), language),
    }


def changed_state(
    body: Mapping[str, Any],
    state: Mapping[str, Any],
    reach: Sequence[str],
    keyring: Keyring,
    *,
    loopback: bool,
) -> dict[str, Any]:
    """What a body changes. Refused("validation_failed")."""
    changes = {
        name: body[name]
        for name in ("description", "max_per_second", "concurrency")
        if name in body
    }
    if "url" in body:
        changes["url"] = checked_url(body["url"], loopback=loopback)
    if "event_types" in body:
        changes["event_types"] = list(dict.fromkeys(body["event_types"]))
    if "divisions" in body:
        changes["divisions"] = _places(body["divisions"] or (), reach)
    if "refuses_unsigned" in body:
        changes["refuses_unsigned"] = bool(body["refuses_unsigned"])
    if body.get("language"):
        changes["language"] = body["language"]
    if "alert_email" in body or changes.get("language", state["language"]) != state["language"]:
        key, language = state["_id"], changes.get("language", state["language"])
        known = opened_alert(keyring, key, state["alert_sealed"])
        email = body.get("alert_email", known)
        changes["alert_sealed"] = sealed_alert(keyring, key, email, language)
    return changes


def _places(stated: Sequence[str], reach: Sequence[str]) -> list[str]:
    return list(places_of(stated, reach, "/divisions/{}"))
