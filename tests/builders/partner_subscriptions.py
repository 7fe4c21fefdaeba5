"""Subscriptions as partners make them, over HTTP."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from pymongo.database import Database
from werkzeug.test import TestResponse

from services.notify.partners.deliveries import delivery_id
from services.notify.partners.shards import shard_of
from tests.builders.webhooks import a_subscription
from tests.web import Web

CHANNEL = "app_pocket_12333"
PATH = "/v1/subscriptions"
WANTED = {
    "url": "https://app.example.cn/events",
    "event_types": ["cn.tiaojie.case.*"],
    "divisions": ["37"],
    "description": "口袋应用",
}


def some_subscription(database: Database[dict[str, Any]], event_id: str, **fields: Any) -> str:
    """An active subscription of the channel's, to which this event was delivered."""
    document = a_subscription(str(WANTED["url"]), **{"channel": CHANNEL, **fields})
    database.subscriptions.insert_one(document)
    key = str(document["_id"])
    database.deliveries.insert_one(a_delivery(key, event_id))
    return key


def a_delivery(key: str, event_id: str, position: int = 1, **fields: Any) -> dict[str, Any]:
    """A delivery as the dispatcher leaves it."""
    at = datetime.now(UTC).replace(microsecond=0)
    attempt = {"at": at, "status_code": 200, "latency_ms": 3, "error": None}
    return {
        "_id": delivery_id(key, event_id), "subscription": key, "shard": shard_of(key),
        "channel": CHANNEL, "event_id": event_id, "event_type": "cn.tiaojie.case.accepted.v1",
        "subject": "2634626885086477", "position": position, "epoch": 0, "status": "delivered",
        "tries": 1, "attempts": [attempt], "next_attempt_at": None, "created_at": at,
        "settled_at": at, **fields,
    }  # fmt: skip


def partner(web: Web, channel: str = CHANNEL, *, reach: tuple[str, ...] = ()) -> dict[str, str]:
    return web.token("partner", channel=channel, divisions=reach)


def post(web: Web, *, headers: dict[str, str] | None = None, **changes: Any) -> TestResponse:
    return web.call("POST", PATH, {**WANTED, **changes}, headers=headers or partner(web))


def make(web: Web, *, headers: dict[str, str] | None = None, **changes: Any) -> dict[str, Any]:
    """A subscription that was just made, with its secret."""
    answer = post(web, headers=headers, **changes)
    assert answer.status_code == 201, answer.get_data(as_text=True)
    made: dict[str, Any] = answer.get_json()
    assert answer.headers["Location"] == f"{PATH}/{made['id']}"
    return made


def ask(
    web: Web, method: str, path: str, body: Any = None, *, headers: dict[str, str] | None = None
) -> TestResponse:
    """A request about what is behind `/v1/subscriptions/`."""
    return web.call(method, f"{PATH}/{path}", body, headers=headers or partner(web))


def got(
    web: Web, method: str, path: str, body: Any = None, *, headers: dict[str, str] | None = None
) -> dict[str, Any]:
    """The answer to a request that is carried out."""
    answer = ask(web, method, path, body, headers=headers)
    assert answer.status_code in {200, 202}, answer.get_data(as_text=True)
    found: dict[str, Any] = answer.get_json()
    return found
