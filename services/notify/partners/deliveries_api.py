"""Deliveries over HTTP: what was sent and answered, sent again, tried out."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import BoundedSemaphore
from typing import Any, Final

import orjson
from flask import request

from services.notify.partners import replaying
from services.notify.partners.catalogue import Filter, names_of
from services.notify.partners.deliveries import delivery_id, document_of_test_event
from services.notify.partners.delivery_list import (
    EARLIER,
    PAGE,
    DeliveryList,
    page_of,
    tests_of,
)
from services.notify.partners.subscription_answers import (
    Delivery,
    DeliveryPage,
    ReplayBegun,
    WholeDelivery,
)
from services.notify.partners.subscription_bodies import Replay
from services.notify.partners.subscriptions import rewound
from services.notify.partners.subscriptions_api import Webhooks
from shared.asking import caller, json_bytes
from shared.civil_time import today
from shared.contracts.envelope import new_id
from shared.contracts.schema import parse_json, read
from shared.errors import Refused
from shared.store import Document, backend_errors
from shared.web import Answer, Route

TEST_TYPE: Final = "cn.tiaojie.subscription.test.v1"
_TEST_SECONDS: Final = 10.0
_LOOK_SECONDS: Final = 0.1
_WAITING_MOST: Final = 4
"""Requests of a process that wait for the end of a test at a time; the next is answered at once."""

_ACCEPTED: Final = 202


@dataclass(frozen=True, slots=True)
class DeliveryDesk:
    """What the views work with; made once per process by `app`."""

    webhooks: Webhooks
    waiting: BoundedSemaphore = field(default_factory=lambda: BoundedSemaphore(_WAITING_MOST))

    def listed(self, subscription: str) -> dict[str, Any]:
        self.webhooks.own(subscription)
        asked = read(DeliveryList(), request.args.to_dict(), today())
        size = asked.get("size") or PAGE
        collection = self.webhooks.deliveries.collection
        found = page_of(collection, subscription, asked, size + 1)
        more = len(found) > size
        first = not asked.get(EARLIER)
        return {
            "items": [_json(each) for each in found[:size]],
            "next": str(found[size - 1]["position"]) if more else None,
            "tests": [_json(d) for d in tests_of(collection, subscription)] if first else [],
        }

    def shown(self, subscription: str, delivery: str) -> dict[str, Any]:
        own = self.webhooks.own(subscription)
        document = self._read(subscription, delivery)
        if document is None:
            raise Refused("not_found")
        body = document.get("body")
        if body is None:
            entry = self.webhooks.log.by_ids([delivery]).get(delivery)
            body = entry.body if entry else None
        sent = {
            "url": own["url"],
            "webhook_id": delivery,
            "event": None if body is None else orjson.loads(body),
        }
        return {**_json(document), "request": sent}

    def replay(self, subscription: str) -> Answer:
        """Refused("subscription_not_ready") before it is verified and after it has ended."""
        own = self._must_be(subscription, "active", "paused")
        body = read(Replay(), parse_json(json_bytes()), today())
        if body.get("event_ids"):
            begun = replaying.single(
                self.webhooks.deliveries.collection,
                self.webhooks.log,
                subscription=own,
                wanted=Filter(names_of(own["event_types"]), tuple(own["divisions"])),
                event_ids=body["event_ids"],
                at=_now(),
            )
            return Answer(begun, _ACCEPTED)
        position = self.webhooks.log.position_at(datetime.fromisoformat(body["since"]))
        self.webhooks.subscriptions.carry_out(
            subscription, lambda s, at: rewound(s, position, at), trace=caller().trace
        )
        again = max(0, self.webhooks.log.newest() - position)
        return Answer({"events": again, "on_their_way": 0, "not_found": []}, _ACCEPTED)

    def test(self, subscription: str) -> dict[str, Any]:
        """Send an event of no case through the same lane. It is shown with the endpoint's answer;
        without attempts if none comes within 10 s, or too many wait, and then found among the deliveries."""
        own = self._must_be(subscription, "active")
        event = new_id()
        document = document_of_test_event(
            subscription,
            own["channel"],
            event_id=event,
            event_type=TEST_TYPE,
            body=_test_body(event, subscription),
            at=_now(),
        )
        with backend_errors():
            self.webhooks.deliveries.collection.insert_one(document)
        if not self.waiting.acquire(blocking=False):
            return _json(document)
        try:
            return _json(self._when_attempted(subscription, event) or document)
        finally:
            self.waiting.release()

    def _when_attempted(self, subscription: str, event: str) -> Document | None:
        ends = time.monotonic() + _TEST_SECONDS
        while time.monotonic() < ends:
            time.sleep(_LOOK_SECONDS)
            now = self._read(subscription, event)
            if now is not None and now["attempts"]:
                return now
        return None

    def _read(self, subscription: str, event: str) -> Document | None:
        with backend_errors():
            return self.webhooks.deliveries.collection.find_one(
                {"_id": delivery_id(subscription, event)}
            )

    def _must_be(self, subscription: str, *statuses: str) -> Document:
        own = self.webhooks.own(subscription)
        if own["status"] not in statuses:
            raise Refused("subscription_not_ready", extra={"subscription_status": own["status"]})
        return own


def _test_body(event: str, subscription: str) -> bytes:
    return orjson.dumps(
        {
            "specversion": "1.0",
            "id": event,
            "type": TEST_TYPE,
            "source": "notify",
            "subject": subscription,
            "time": _now().isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "datacontenttype": "application/json",
            "sequence": "1",
            "division": "",
            "data": {},
        }
    )


def _json(document: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **{
            name: document[name]
            for name in ("event_id", "event_type", "subject", "status", "tries")
        },
        "attempts": [{**each, "at": _text(each["at"])} for each in document["attempts"]],
        **{name: _text(document[name]) for name in ("next_attempt_at", "created_at", "settled_at")},
    }


def _text(moment: datetime | None) -> str | None:
    return moment.isoformat(timespec="milliseconds") if moment else None


def _now() -> datetime:
    return datetime.now(UTC)


_BODY: Final = ("malformed_json", "body_too_large", "unsupported_media_type", "validation_failed")


def routes(desk: DeliveryDesk) -> Sequence[Route]:
    """What a partner does about deliveries."""
    path = "/v1/subscriptions/{subscription}"
    return (
        Route(
            "GET", f"{path}/deliveries", desk.listed, "What was sent, and what became of it",
            query=DeliveryList, answer=DeliveryPage,
            refusals=("not_found", "validation_failed", "serial_checksum", "search_too_wide"),
        ),
        Route(
            "GET", f"{path}/deliveries/{{delivery}}", desk.shown,
            "One delivery with what is sent; named by its event",
            answer=WholeDelivery, refusals=("not_found",),
        ),
        Route(
            "POST", f"{path}/replay", desk.replay,
            "Deliver again: single events, or everything since a moment, in order",
            body=Replay, answer=ReplayBegun, status=_ACCEPTED,
            refusals=(*_BODY, "not_found", "subscription_not_ready"),
        ),
        Route(
            "POST", f"{path}/test", desk.test,
            "Send a test event and see what the endpoint says within 10 s",
            answer=Delivery, refusals=("not_found", "subscription_not_ready"),
        ),
    )  # fmt: skip
