"""The dispatcher as operators see it: its health, its metrics, its end, its settings."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pymongo
import pytest
import requests

from deploy.local.ports import free_ports
from services.notify.settings import NotifySettings
from shared.broker import provision
from shared.sealing import Keyring, new_key
from shared.settings import SettingsError
from tests.builders.endpoints import endpoints
from tests.builders.webhooks import a_subscription, log_events, provided
from tests.chaos.dispatchers import Crowd
from tests.waiting import eventually


def test_it_tells_how_it_is_and_ends_in_good_order_with_a_call_under_way(
    mongo: pymongo.MongoClient[dict[str, Any]], mongo_url: str, vhost_url: str, tmp_path: Path
) -> None:
    keys = f"c1:{new_key()}"
    database = mongo[f"test_{datetime.now(UTC):%H%M%S%f}_notify"]
    provided(database)
    provision(vhost_url, "notify", 1000)
    crowd = Crowd(mongo_url, vhost_url, database, keys, tmp_path)
    (port,) = free_ports(1)
    with crowd, endpoints() as served:
        document = a_subscription(served.url("/slow?0.5"), keyring=Keyring.parse(keys))
        database["subscriptions"].insert_one(document)
        crowd.start(0, port)
        eventually(lambda: _get(port, "/readyz") == 200)
        assert _get(port, "/healthz") == 200
        log_events(database, 2, subjects=["a"], placed=False)
        eventually(lambda: len(served.received["/slow?0.5"]) == 1)
        assert crowd.stop() == [0], crowd.logs()
    statuses = [d["status"] for d in database["deliveries"].find()]
    leases = list(database["leases"].find({"_id": {"$regex": "^(shard|dispatcher)"}}))
    mongo.drop_database(database.name)
    assert statuses == ["delivered"]  # the call was waited for, the next one not begun
    assert {lease["holder"] for lease in leases} == {None}
    assert len(leases) == 32
    assert '"event":"worker_stopped"' in crowd.logs()


def _get(port: int, path: str) -> int:
    try:
        return requests.get(f"http://127.0.0.1:{port}{path}", timeout=2).status_code
    except requests.ConnectionError:
        return 0


def test_loopback_is_let_in_in_development_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIAOJIE_PARTNER_ALLOW_LOOPBACK", "true")
    monkeypatch.setenv("TIAOJIE_ENVIRONMENT", "development")
    assert NotifySettings.load().partner_allow_loopback
    monkeypatch.setenv("TIAOJIE_ENVIRONMENT", "production")
    with pytest.raises(SettingsError, match="TIAOJIE_PARTNER_ALLOW_LOOPBACK"):
        NotifySettings.load()
