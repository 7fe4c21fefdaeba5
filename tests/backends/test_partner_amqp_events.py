"""From the log to partners' own queues: every event, in order, whatever a queue or a process does."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pika
import pytest

from services.notify.partners import amqp, overflow
from services.notify.partners.cursors import cursor_of, position_of
from services.notify.partners.exchange import PartnerExchange, position_of_exchange
from services.notify.partners.log import EventLog
from services.notify.partners.overflow import Overflow, losses
from shared.broker import Broker, Outcome
from shared.contracts.events import faults
from shared.contracts.partner_events import DROPPED_QUEUE
from tests.builders.partner_log import a_partner_event, logged, many
from tests.builders.partner_queues import Stand, as_partner
from tests.waiting import eventually


@pytest.fixture
def exchange(stand: Stand) -> Iterator[PartnerExchange]:
    made = an_exchange(stand)
    yield made
    made.stop()


def an_exchange(stand: Stand) -> PartnerExchange:
    database = stand.web.database
    return PartnerExchange(database, EventLog(database), stand.vhost_url)


def published(exchange: PartnerExchange, number: int) -> None:
    """Turn until so many were confirmed."""
    done = 0

    def turn() -> bool:
        nonlocal done
        done += exchange.turn()
        return done >= number

    eventually(turn)
    assert done == number


def ids(stand: Stand, made: dict[str, Any]) -> list[str]:
    found = []
    while (taken := stand.admin.basic_get(made["queue"], auto_ack=True))[0] is not None:
        found.append(taken[1].message_id)
    return found


# --- publishing ----------------------------------------------------------------------------------


def test_every_event_of_the_log_is_published_once_and_in_order(
    stand: Stand, exchange: PartnerExchange
) -> None:
    made = stand.make(divisions=[])
    wanted = logged(stand.web.database, *many(700))  # more than a batch
    published(exchange, 700)
    assert exchange.turn() == 0
    assert ids(stand, made) == wanted
    assert position_of_exchange(stand.web.database) == 700


def test_a_message_is_a_cloud_event_with_its_place_in_the_feed(
    stand: Stand, exchange: PartnerExchange
) -> None:
    made = stand.make()
    (wanted,) = logged(stand.web.database, a_partner_event(serial="2634626885086477"))
    published(exchange, 1)
    _, properties, body = stand.admin.basic_get(made["queue"], auto_ack=True)
    event = orjson.loads(body)
    assert event["type"] == "cn.tiaojie.case.accepted.v1"
    assert event["subject"] == "2634626885086477"
    assert event["id"] == properties.message_id == wanted
    assert properties.content_type == "application/cloudevents+json"
    assert properties.delivery_mode == 2
    assert position_of(properties.headers["cursor"]) == 1


def test_what_nobody_wants_is_published_and_done_with(
    stand: Stand, exchange: PartnerExchange
) -> None:
    logged(stand.web.database, *many(3))
    published(exchange, 3)
    assert position_of_exchange(stand.web.database) == 3


def test_one_process_leads_and_another_goes_on_where_it_stopped(stand: Stand) -> None:
    made = stand.make()
    first, second = an_exchange(stand), an_exchange(stand)
    wanted = logged(stand.web.database, *many(5))
    published(first, 5)
    wanted += logged(stand.web.database, *many(5))
    eventually(lambda: second._broker.ready or bool(second.turn()))
    assert second.turn() == 0  # it does not lead
    first.stop()
    published(second, 5)
    second.stop()
    assert ids(stand, made) == wanted


def test_what_was_not_confirmed_goes_out_again(
    stand: Stand, exchange: PartnerExchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = stand.make()
    wanted = logged(stand.web.database, *many(4))
    publish, lost = Broker.publish, [True]

    def losing(self: Broker, messages: Any, timeout: float) -> list[Outcome]:
        outcomes = publish(self, messages, timeout)
        if outcomes and lost:
            lost.clear()
            return [outcomes[0], Outcome.LOST, *outcomes[2:]]
        return outcomes

    monkeypatch.setattr(Broker, "publish", losing)
    published(exchange, 4)
    assert ids(stand, made) == [*wanted, *wanted[1:]]  # in order, the doubtful ones twice


def test_a_full_queue_beside_it_holds_up_nobody(stand: Stand, exchange: PartnerExchange) -> None:
    full, healthy = stand.make(max_length=5), stand.make()
    wanted = logged(stand.web.database, *many(300))
    published(exchange, 300)
    assert ids(stand, healthy) == wanted
    assert ids(stand, full) == wanted[-5:]


def test_a_reader_that_takes_nothing_in_hand_back_holds_up_nobody(
    stand: Stand, exchange: PartnerExchange
) -> None:
    slow, healthy = stand.make(max_length=5), stand.make()
    connection = as_partner(slow)
    channel = connection.channel()
    channel.basic_qos(prefetch_count=3)
    channel.basic_consume(slow["queue"], lambda *_: None)  # never acknowledges
    connection.process_data_events(time_limit=0)
    wanted = logged(stand.web.database, *many(200))
    published(exchange, 200)
    assert ids(stand, healthy) == wanted
    connection.close()


# --- what queues lose ----------------------------------------------------------------------------


def dropped(stand: Stand, number: int) -> None:
    """Wait until the broker has handed over so many lost events."""

    def there() -> bool:
        found = stand.admin.queue_declare(DROPPED_QUEUE, passive=True).method.message_count
        return bool(found == number)

    eventually(there)


def outbox(stand: Stand) -> list[dict[str, Any]]:
    return [e for d in stand.documents.find() for e in d["outbox"]]


def test_what_a_full_queue_loses_is_counted_for_its_owner_shown_and_told(
    stand: Stand, exchange: PartnerExchange
) -> None:
    full = stand.make(max_length=5, alert_email="zhao@example.com")
    healthy = stand.make()
    wanted = logged(stand.web.database, *many(12))
    published(exchange, 12)
    dropped(stand, 7)
    before = datetime.now(UTC) - timedelta(seconds=30)
    assert Overflow(stand.web.database, stand.vhost_url).turn() == 7
    lost = stand.shown(full["id"])["dropped"]
    assert (lost["count"], lost["total"]) == (7, 7)
    assert before < datetime.fromisoformat(lost["oldest_dropped_at"]) <= datetime.now(UTC)
    assert lost["cursor"] == cursor_of(0)
    assert stand.shown(healthy["id"])["dropped"]["total"] == 0
    (told,) = outbox(stand)
    assert told["type"] == "cn.tiaojie.partner_queue.overflowed.v1"
    assert told["subject"] == full["id"]
    assert told["data"]["dropped"] == 7
    assert faults("partner_queue.overflowed", told["data"]) == {}
    assert "zhao@example.com" not in str(told)
    caught_up = stand.web.call(
        "GET", f"/v1/events?after={lost['cursor']}&limit=7", headers=stand.partner
    ).get_json()
    assert [event["id"] for event in caught_up["items"]] == wanted[:7]


def test_losses_are_told_once_an_hour_and_the_last_ones_too(
    stand: Stand, exchange: PartnerExchange
) -> None:
    full = stand.make(max_length=1)
    counting = Overflow(stand.web.database, stand.vhost_url)
    for _ in range(3):
        logged(stand.web.database, *many(2))
        published(exchange, 2)
        eventually(lambda: counting.turn() > 0)
    assert [e["data"]["dropped"] for e in outbox(stand)] == [1]
    an_hour_ago = datetime.now(UTC) - amqp.TOLD_EVERY
    stand.documents.update_one({"_id": full["id"]}, {"$set": {"told_at": an_hour_ago}})
    counting.turn()
    assert [e["data"]["dropped"] for e in outbox(stand)] == [1, 4]
    assert stand.shown(full["id"])["dropped"]["total"] == 5


def test_what_grew_too_old_in_a_queue_is_lost_like_what_found_no_room(stand: Stand) -> None:
    def died(reason: str, queue: str, position: int) -> pika.BasicProperties:
        at = datetime(2026, 11, 25, 3, 0, tzinfo=UTC) + timedelta(seconds=position)
        death = {"reason": reason, "queue": queue, "time": at, "count": 1}
        return pika.BasicProperties(headers={"x-death": [death], "cursor": cursor_of(position)})

    mine, other = amqp.queue_name("amqp_mine"), amqp.queue_name("amqp_other")
    found = losses(
        [
            died("expired", mine, 9),
            died("maxlen", mine, 4),
            died("rejected", mine, 2),  # its reader had it
            died("maxlen", other, 3),
            died("maxlen", "tiaojie.intake", 1),
            pika.BasicProperties(headers=None),
        ]
    )
    assert {key: (loss.count, loss.from_position) for key, loss in found.items()} == {
        "amqp_mine": (2, 4),
        "amqp_other": (1, 3),
    }


def test_an_event_that_grew_too_old_leaves_the_queue_and_is_counted(
    stand: Stand, exchange: PartnerExchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(amqp, "_DAY_MS", 200)
    made = stand.make(message_ttl_days=1)
    logged(stand.web.database, *many(2))
    published(exchange, 2)
    dropped(stand, 2)
    Overflow(stand.web.database, stand.vhost_url).turn()
    assert stand.shown(made["id"])["dropped"]["count"] == 2


def test_a_loss_that_could_not_be_written_is_counted_by_the_next_turn(
    stand: Stand, exchange: PartnerExchange, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = stand.make(max_length=1)
    logged(stand.web.database, *many(4))
    published(exchange, 4)
    dropped(stand, 3)
    counting = Overflow(stand.web.database, stand.vhost_url)

    def killed(*_: Any, **__: Any) -> None:
        raise KeyError

    monkeypatch.setattr(overflow, "carry_out", killed)
    with pytest.raises(KeyError):
        counting.turn()
    monkeypatch.undo()
    eventually(lambda: counting.turn() == 3)
    assert stand.shown(made["id"])["dropped"]["count"] == 3


def test_losses_of_a_queue_that_is_no_more_are_nobodys(
    stand: Stand, exchange: PartnerExchange
) -> None:
    made = stand.make(max_length=1)
    logged(stand.web.database, *many(3))
    published(exchange, 3)
    dropped(stand, 2)
    stand.web.call("DELETE", f"/v1/amqp-credentials/{made['id']}", headers=stand.partner)
    assert Overflow(stand.web.database, stand.vhost_url).turn() == 2
    assert outbox(stand) == []
