"""Subscriptions over HTTP: made, shown, changed, verified, paused, resumed, ended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from flask import Response

from services.notify.partners.amqp_bodies import opened_alert
from services.notify.partners.deliveries import Deliveries
from services.notify.partners.log import EventLog
from services.notify.partners.own import asker, channel_for, channel_of_asker, must_own
from services.notify.partners.subscription_answers import (
    Subscription,
    SubscriptionPage,
    SubscriptionWithSecret,
)
from services.notify.partners.subscription_bodies import (
    NewSubscription,
    SubscriptionChange,
    changed_state,
    new_state,
)
from services.notify.partners.subscriptions import (
    Subscriptions,
    changed,
    created,
    new_key,
    new_secret,
    paused_as_asked,
    resumed,
    sealed_secret,
    verify_again,
    with_new_secret,
)
from services.notify.people.addresses import masked
from shared.asking import caller, json_bytes
from shared.civil_time import today
from shared.commands import Decide
from shared.contracts.schema import parse_json, read
from shared.errors import Refused
from shared.sealing import Keyring
from shared.store import Document, backend_errors
from shared.web import Answer, Route

LISTED_MOST: Final = 200
MOST_OF_A_CHANNEL: Final = 50
_CREATED: Final = 201
_SAME: Final = ("url", "event_types", "divisions")


@dataclass(frozen=True, slots=True)
class Webhooks:
    """What the views work with; made once per process by `app`."""

    subscriptions: Subscriptions
    deliveries: Deliveries
    log: EventLog
    keyring: Keyring
    loopback: bool

    def make(self) -> Answer:
        principal = asker()
        body = read(NewSubscription(), parse_json(json_bytes()), today())
        channel = channel_for(body)
        key, secret, at = new_key(), new_secret(), datetime.now(UTC)
        wanted = new_state(body, key, principal.divisions, self.keyring, loopback=self.loopback)
        self._must_be_new(channel, wanted)
        sealed = sealed_secret(self.keyring, key, secret, at)
        state = created(wanted, channel, sealed, self.log.newest(), at)
        document = self.subscriptions.insert(key, state, at=at, trace=caller().trace)
        return Answer(
            {**self._shown([document])[0], "secret": secret},
            _CREATED,
            {"Location": f"/v1/subscriptions/{key}"},
        )

    def listed(self) -> dict[str, Any]:
        return {
            "items": self._shown(self.subscriptions.of_channel(channel_of_asker(), LISTED_MOST))
        }

    def shown(self, subscription: str) -> dict[str, Any]:
        return self._shown([self.own(subscription)])[0]

    def change(self, subscription: str) -> dict[str, Any]:
        document = self.own(subscription)
        body = read(SubscriptionChange(), parse_json(json_bytes()), today())
        reach = asker().divisions
        wanted = changed_state(body, document, reach, self.keyring, loopback=self.loopback)
        return self._after(subscription, lambda state, at: changed(state, wanted, at))

    def verify(self, subscription: str) -> dict[str, Any]:
        self.own(subscription)
        return self._after(subscription, verify_again)

    def pause(self, subscription: str) -> dict[str, Any]:
        self.own(subscription)
        return self._after(subscription, paused_as_asked)

    def resume(self, subscription: str) -> dict[str, Any]:
        self.own(subscription)
        return self._after(subscription, resumed)

    def rotate(self, subscription: str) -> dict[str, Any]:
        self.own(subscription)
        secret = new_secret()
        sealed = sealed_secret(self.keyring, subscription, secret, datetime.now(UTC))
        shown = self._after(subscription, lambda state, at: with_new_secret(state, sealed, at))
        return {**shown, "secret": secret}

    def delete(self, subscription: str) -> Response:
        self.own(subscription)
        self.subscriptions.delete(subscription)
        self.deliveries.cancel(subscription, datetime.now(UTC))
        return Response(status=204)

    def own(self, subscription: str) -> Document:
        """A subscription that the asker may come to; Refused("not_found") for any other."""
        asker()
        document = self.subscriptions.read(subscription)
        if document is None:
            raise Refused("not_found")
        must_own(document["channel"])
        return document

    def _must_be_new(self, channel: str, wanted: Mapping[str, Any]) -> None:
        """A request that is repeated, because its answer was lost, makes no second one."""
        there = self.subscriptions.of_channel(channel, LISTED_MOST)
        for each in there:
            if all(each[name] == wanted[name] for name in _SAME):
                raise Refused("subscription_exists", extra={"subscription": each["_id"]})
        if len(there) >= MOST_OF_A_CHANNEL:
            raise Refused("too_many_subscriptions")

    def _after(self, subscription: str, decide: Decide) -> dict[str, Any]:
        document = self.subscriptions.carry_out(subscription, decide, trace=caller().trace)
        return self._shown([document])[0]

    def _shown(self, documents: Sequence[Document]) -> list[dict[str, Any]]:
        keys = [document["_id"] for document in documents]
        with backend_errors():
            lanes = {d["_id"]: d for d in self.subscriptions.lanes.find({"_id": {"$in": keys}})}
        newest = self.log.newest()
        return [self._json(d, lanes.get(d["_id"], {}), newest) for d in documents]

    def _json(self, document: Document, lane: Mapping[str, Any], newest: int) -> dict[str, Any]:
        email = opened_alert(self.keyring, document["_id"], document["alert_sealed"])
        verification = document["verification"]
        cursor = int(lane.get("cursor", document["starts_after"]))
        return {
            "id": document["_id"],
            **{name: document[name] for name in _AS_KEPT},
            "alert_email": masked("email", email) if email else None,
            "verification": {
                "tries": verification["tries"],
                "next_attempt_at": _text(verification["next_attempt_at"]),
                "last_code": verification["last_code"],
            },
            "secrets": [
                {name: _text(secret[name]) for name in ("created_at", "expires_at")}
                for secret in reversed(document["secrets"])
            ],
            "progress": {
                "behind": max(0, newest - cursor),
                "failures": int(lane.get("failures", 0)),
                "failing_since": _text(lane.get("failing_since") or document["failing_since"]),
                "last_error": lane.get("last_error"),
                "last_success_at": _text(lane.get("last_success_at")),
            },
            "created_at": _text(document["created_at"]),
            "updated_at": _text(document["updated_at"]),
        }


_AS_KEPT: Final = (
    "channel", "url", "event_types", "divisions", "description", "refuses_unsigned", "language",
    "max_per_second", "concurrency", "status", "reason",
)  # fmt: skip


def _text(moment: datetime | None) -> str | None:
    return moment.isoformat(timespec="milliseconds") if moment else None


_BODY: Final = ("malformed_json", "body_too_large", "unsupported_media_type", "validation_failed")


def routes(webhooks: Webhooks) -> Sequence[Route]:
    """Everything a partner does about its subscriptions."""
    path = "/v1/subscriptions/{subscription}"
    return (
        Route(
            "POST", "/v1/subscriptions", webhooks.make,
            "Have events sent to an address; the secret that signs them is shown this once",
            body=NewSubscription, answer=SubscriptionWithSecret, status=_CREATED,
            answer_headers=("Location",),
            refusals=(*_BODY, "not_found", "subscription_exists", "too_many_subscriptions"),
        ),
        Route(
            "GET", "/v1/subscriptions", webhooks.listed, "Own subscriptions and how they stand",
            answer=SubscriptionPage, refusals=("not_found",),
        ),
        Route(
            "GET", path, webhooks.shown, "One subscription and how it stands",
            answer=Subscription, refusals=("not_found",),
        ),
        Route(
            "PATCH", path, webhooks.change, "Change what is sent where; a new address is verified",
            body=SubscriptionChange, answer=Subscription, refusals=(*_BODY, "not_found"),
        ),
        Route(
            "DELETE", path, webhooks.delete, "End it; what is on its way is cancelled",
            status=204, refusals=("not_found",),
        ),
        Route(
            "POST", f"{path}/verify", webhooks.verify, "Begin the handshake anew",
            answer=Subscription, refusals=("not_found",),
        ),
        Route(
            "POST", f"{path}/pause", webhooks.pause, "Hold everything back; nothing is lost",
            answer=Subscription, refusals=("not_found", "subscription_not_ready"),
        ),
        Route(
            "POST", f"{path}/resume", webhooks.resume,
            "Go on: first with what was missed, in the order of each case",
            answer=Subscription, refusals=("not_found", "subscription_not_ready"),
        ),
        Route(
            "POST", f"{path}/rotate-secret", webhooks.rotate,
            "Another secret; the one before signs beside it for 24 hours",
            answer=SubscriptionWithSecret, refusals=("not_found",),
        ),
    )  # fmt: skip
