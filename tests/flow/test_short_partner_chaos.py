"""A few kills of a dispatcher: the short form of tests/chaos/test_partner_kills.py."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pymongo

from shared.broker import provision
from shared.sealing import Keyring, new_key
from tests.builders.endpoints import endpoints
from tests.builders.webhooks import log_events, provided
from tests.chaos.dispatchers import Crowd, examine, subscribed
from tests.waiting import eventually

KILLS = 5
SUBSCRIPTIONS = 5
EVENTS = 200
SUBJECTS = 20


def test_a_few_kills_lose_no_event_and_repeat_only_what_was_just_answered(
    mongo: pymongo.MongoClient[dict[str, Any]], mongo_url: str, vhost_url: str, tmp_path: Path
) -> None:
    keys = f"c1:{new_key()}"
    database = mongo[f"test_{datetime.now(UTC):%H%M%S%f}_notify"]
    provided(database)
    provision(vhost_url, "notify", 1000)
    crowd = Crowd(mongo_url, vhost_url, database, keys, tmp_path)

    def delivered() -> int:
        return database["deliveries"].count_documents({"status": "delivered"})

    with crowd, endpoints() as served:
        subscribed(database, served, Keyring.parse(keys), SUBSCRIPTIONS, concurrency=4)
        ids: list[str] = []
        names = [f"case-{number}" for number in range(SUBJECTS)]
        for _ in range(KILLS):
            crowd.start(0)
            ids += log_events(database, EVENTS // KILLS, subjects=names, placed=False)
            reached = SUBSCRIPTIONS * (len(ids) - 25)
            eventually(lambda reached=reached: delivered() >= reached, seconds=20)
            crowd.kill(0)
            # who was killed keeps its shards until the lease runs out: here that time is over
            over = {"$set": {"until": datetime(2020, 1, 1, tzinfo=UTC)}}
            database["leases"].update_many({}, over)
        crowd.start(0)
        ids += log_events(database, SUBJECTS, subjects=names, placed=False)
        eventually(lambda: delivered() == SUBSCRIPTIONS * len(ids), seconds=20)
        statuses = crowd.stop()
        seen = examine(served, ids, SUBJECTS, crowd.kills)
    mongo.drop_database(database.name)
    assert statuses == [0], crowd.logs()
    assert seen.deliveries == SUBSCRIPTIONS * len(ids)
    assert seen.lost == 0
    assert seen.unexplained == []
    assert seen.out_of_order == []
