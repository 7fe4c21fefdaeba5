"""kill -9 of dispatchers while they deliver: no event is lost, none comes twice without a reason."""

from __future__ import annotations

import random
import secrets
import time
from pathlib import Path

import pymongo

from deploy.local.backends import LocalMongo, LocalRabbit
from shared.broker import provision
from shared.sealing import Keyring, new_key
from tests.builders.endpoints import endpoints
from tests.builders.webhooks import log_events, provided
from tests.chaos.conftest import Say, fresh_vhost
from tests.chaos.dispatchers import Crowd, examine, subscribed
from tests.waiting import eventually

KILLS = 50
SUBSCRIPTIONS = 40
EVENTS = 500
SUBJECTS = 100


def test_fifty_kills_lose_no_event_and_repeat_only_what_was_just_answered(
    own_mongo: LocalMongo, own_rabbit: LocalRabbit, tmp_path: Path, say: Say
) -> None:
    keys = f"c1:{new_key()}"
    client = pymongo.MongoClient(own_mongo.url, tz_aware=True)
    database = client[f"chaos_{secrets.token_hex(4)}_notify"]
    provided(database)
    amqp_url = fresh_vhost(own_rabbit)
    provision(amqp_url, "notify", 1000)
    crowd = Crowd(own_mongo.url, amqp_url, database, keys, tmp_path)
    with crowd, endpoints() as served:
        subscribed(database, served, Keyring.parse(keys), SUBSCRIPTIONS, max_per_second=8.0)
        for number in (0, 1):
            crowd.start(number)
        ids: list[str] = []
        names = [f"case-{number}" for number in range(SUBJECTS)]
        for turn in range(KILLS):
            ids += log_events(
                database, EVENTS // KILLS, subjects=_turned(names, len(ids)), placed=False
            )
            time.sleep(random.uniform(1.5, 3.0))
            crowd.kill(turn % 2)
            crowd.start(turn % 2)
        eventually(
            lambda: (
                database["deliveries"].count_documents({"status": "delivered"})
                == SUBSCRIPTIONS * EVENTS
            ),
            seconds=240,
        )
        statuses = crowd.stop()
        seen = examine(served, ids, SUBJECTS, crowd.kills)
    client.drop_database(database.name)
    client.close()
    say(f"kills {len(crowd.kills)}: {seen}")
    assert statuses == [0, 0], crowd.logs()
    assert seen.deliveries == SUBSCRIPTIONS * EVENTS
    assert seen.lost == 0
    assert seen.unexplained == []
    assert seen.out_of_order == []


def _turned(names: list[str], by: int) -> list[str]:
    at = by % len(names)
    return names[at:] + names[:at]
