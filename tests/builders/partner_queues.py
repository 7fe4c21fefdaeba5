"""notify with a real broker, for the tests of partners' own queues."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pika
import requests
from pymongo.database import Database

from services.notify.partners import amqp, amqp_settling
from services.notify.partners.amqp_store import Credentials
from services.notify.partners.parts import settling
from shared import broker as topology
from shared.contracts.envelope import Trace, new_id, new_traceparent
from shared.contracts.partner_events import PARTNER_EXCHANGE
from tests.web import Web, running

CHANNEL = "app_pocket_12333"
PATH = "/v1/amqp-credentials"
WANTED = {"event_types": ["cn.tiaojie.case.*"], "divisions": ["37"], "description": "口袋应用"}


@dataclass
class Stand:
    """notify's web process with a broker; `admin` is a channel to the virtual host."""

    web: Web
    admin: Any
    vhost_url: str
    management_url: str

    @property
    def partner(self) -> dict[str, str]:
        return self.web.token("partner", channel=CHANNEL)

    @property
    def documents(self) -> Any:
        return self.web.database.amqp_credentials

    @property
    def settling(self) -> amqp_settling.Settling:
        made = settling(self.web.settings, self.web.database)
        assert made is not None
        return made

    def make(self, **changes: Any) -> dict[str, Any]:
        made = self.web.call("POST", PATH, {**WANTED, **changes}, headers=self.partner)
        assert made.status_code == 201, made.get_data(as_text=True)
        body: dict[str, Any] = made.get_json()
        assert made.headers["Location"] == f"{PATH}/{body['id']}"
        return body

    def shown(self, credentials: str) -> dict[str, Any]:
        answer = self.web.call("GET", f"{PATH}/{credentials}", headers=self.partner)
        assert answer.status_code == 200, answer.get_data(as_text=True)
        body: dict[str, Any] = answer.get_json()
        return body

    def publish(self, key: str, body: str = "{}") -> None:
        self.admin.basic_publish(
            PARTNER_EXCHANGE, key, body, pika.BasicProperties(delivery_mode=2, message_id=body)
        )

    def bindings(self, queue: str) -> set[str]:
        vhost = urlsplit(self.vhost_url).path[1:]
        found = requests.get(
            f"{self.management_url}/api/queues/{vhost}/{queue}/bindings", timeout=10
        ).json()
        return {each["routing_key"] for each in found if each["source"] == PARTNER_EXCHANGE}

    def user_exists(self, user: str) -> bool:
        answer = requests.get(f"{self.management_url}/api/users/{user}", timeout=10)
        return answer.status_code == 200


@contextmanager
def standing(
    mongo_url: str, vhost_url: str, amqp_management_url: str, tmp_path: Path
) -> Iterator[Stand]:
    """A provisioned web process and its broker; what was made there is gone afterwards."""
    with (
        a_broker(vhost_url, amqp_management_url) as settings,
        running("notify", mongo_url, tmp_path, **settings) as web,
    ):
        connection = pika.BlockingConnection(pika.URLParameters(vhost_url))
        channel = connection.channel()
        channel.confirm_delivery()
        yield Stand(web, channel, vhost_url, amqp_management_url)
        connection.close()


@contextmanager
def a_broker(vhost_url: str, amqp_management_url: str) -> Iterator[dict[str, Any]]:
    """Settings of notify for a virtual host that is ready for partners; the users that were made
    for it are gone afterwards, which would outlive it."""
    topology.provision(vhost_url, "notify", 10_000)
    parts = urlsplit(vhost_url)
    yield {
        "amqp_url": vhost_url,
        "amqp_management_url": amqp_management_url,
        "partner_amqp_url": f"amqp://{parts.hostname}:{parts.port}",
    }
    granted = requests.get(
        f"{amqp_management_url}/api/vhosts/{parts.path[1:]}/permissions", timeout=10
    ).json()
    for each in granted:
        if each["user"].startswith("amqp_"):
            requests.delete(f"{amqp_management_url}/api/users/{each['user']}", timeout=10)


def some_credentials(database: Database[dict[str, Any]], **changes: Any) -> str:
    """Credentials as they are kept, of which no broker knows; what they are called."""
    at, key = datetime.now(UTC), amqp.new_id()
    stated = {
        **WANTED, "max_length": 10, "message_ttl_days": 1, "language": "zh", "alert_sealed": None,
        **changes,
    }  # fmt: skip
    state = amqp.created(stated, CHANNEL, amqp.Password.draw(), at)
    settled = {**state, "status": "active", "unsettled": False, "fresh_user": False}
    trace = Trace(new_traceparent(), new_id())
    Credentials(database).insert(key, settled, at=at, trace=trace)
    return key


def as_partner(made: dict[str, Any]) -> pika.BlockingConnection:
    return pika.BlockingConnection(pika.URLParameters(made["connection_urls"][0]))


def got(made: dict[str, Any], channel: Any) -> list[str]:
    """Bodies of what waits in the queue, which is empty afterwards."""
    found = []
    while (taken := channel.basic_get(made["queue"], auto_ack=True))[0] is not None:
        found.append(taken[2].decode())
    return found
