"""A partner's own queue: made, read, bounded, changed and revoked on the real broker."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pika
import pika.exceptions
import pytest
import requests

from services.notify.partners import amqp_settling
from services.notify.partners.amqp_store import Credentials
from shared.contracts.partner_events import DROPPED_QUEUE, PARTNER_EXCHANGE
from shared.errors import Transient
from tests.builders.partner_queues import (
    CHANNEL,
    PATH,
    WANTED,
    Stand,
    as_partner,
    got,
    some_credentials,
)
from tests.web import Web, problem

# --- making ------------------------------------------------------------------------------------


def test_credentials_let_their_owner_read_the_queue_of_what_was_asked_for(stand: Stand) -> None:
    made = stand.make()
    for key in (
        "case.accepted.37.01.02",
        "case.accepted.51.01.04",
        "application.submitted.37.01.02",
    ):
        stand.publish(key, key)
    connection = as_partner(made)
    assert got(made, connection.channel()) == ["case.accepted.37.01.02"]
    connection.close()
    assert made["user"] == made["id"]
    assert made["exchange"] == PARTNER_EXCHANGE
    assert made["limits"] == {
        "max_length": 10_000, "message_ttl_days": 7, "max_connections": 5, "max_channels": 25,
    }  # fmt: skip
    assert made["tls"] is False  # said honestly of a development system


def test_the_password_is_shown_once_and_kept_nowhere(stand: Stand) -> None:
    made = stand.make(alert_email="zhao@example.com")
    stored = stand.web.dump()
    assert made["password"].encode() not in stored
    assert b"zhao@example.com" not in stored
    shown = stand.shown(made["id"])
    assert {*made} - {*shown} == {"password", "connection_urls", "feed_cursor"}
    assert shown["alert_email"] == "z***@example.com"
    listed = stand.web.call("GET", PATH, headers=stand.partner).get_json()["items"]
    assert [each["id"] for each in listed] == [made["id"]]
    assert made["password"] not in str(listed)


DENIED: dict[str, Callable[[Any, dict[str, Any]], Any]] = {
    "read another queue": lambda c, _: c.basic_get(DROPPED_QUEUE),
    "consume a service's queue": lambda c, _: c.basic_consume("tiaojie.notify", print),
    "declare a queue": lambda c, _: c.queue_declare("tiaojie.partner.mine"),
    "declare a queue without a name": lambda c, _: c.queue_declare("", exclusive=True),
    "declare an exchange": lambda c, _: c.exchange_declare("tiaojie.partner.mine"),
    "publish to its queue": lambda c, made: c.basic_publish("", made["queue"], b"{}"),
    "publish an event": lambda c, _: c.basic_publish(PARTNER_EXCHANGE, "case.a.37.01.02", b"{}"),
    "publish inside the product": lambda c, _: c.basic_publish("tiaojie.events", "case.a", b"{}"),
    "bind its queue to more": lambda c, made: c.queue_bind(made["queue"], PARTNER_EXCHANGE, "#"),
    "unbind its queue": lambda c, made: c.queue_unbind(
        made["queue"], PARTNER_EXCHANGE, "case.*.37.#"
    ),
    "delete its queue": lambda c, made: c.queue_delete(made["queue"]),
}


def test_the_user_can_do_nothing_but_read_its_own_queue(stand: Stand) -> None:
    made = stand.make()
    connection = as_partner(made)
    for name, act in DENIED.items():
        channel = connection.channel()
        channel.confirm_delivery()
        with pytest.raises(pika.exceptions.ChannelClosedByBroker) as refused:
            act(channel, made)
        assert refused.value.reply_code == 403, name
    connection.close()
    elsewhere = pika.URLParameters(made["connection_urls"][0])
    elsewhere.virtual_host = "/"
    with pytest.raises(pika.exceptions.AMQPConnectionError):
        pika.BlockingConnection(elsewhere)
    account = (made["user"], made["password"])
    address = urlsplit(stand.management_url)
    managed = requests.get(
        f"http://{address.hostname}:{address.port}/api/overview", auth=account, timeout=10
    )
    assert managed.status_code == 401


def test_a_user_has_so_many_connections_and_no_more(stand: Stand) -> None:
    made = stand.make()
    held = [as_partner(made) for _ in range(made["limits"]["max_connections"])]
    with pytest.raises(pika.exceptions.AMQPConnectionError):
        as_partner(made)
    for connection in held:
        connection.close()


# --- changing and revoking -----------------------------------------------------------------------


def test_a_change_of_the_filter_changes_what_comes_and_keeps_what_waits(stand: Stand) -> None:
    made = stand.make()
    stand.publish("case.accepted.37.01.02", "before")
    changed = stand.web.call(
        "PATCH",
        f"{PATH}/{made['id']}",
        {"event_types": ["cn.tiaojie.application.submitted.v1"], "divisions": ["3701", "51"]},
        headers=stand.partner,
    )
    assert changed.status_code == 200, changed.get_data(as_text=True)
    assert changed.get_json()["settled"] is True
    assert stand.bindings(made["queue"]) == {
        "application.submitted.37.01.#", "application.submitted.51.#",
    }  # fmt: skip
    stand.publish("case.accepted.37.01.02", "no longer")
    stand.publish("application.submitted.51.01.04", "after")
    connection = as_partner(made)
    assert got(made, connection.channel()) == ["before", "after"]
    connection.close()


def test_revoking_closes_connections_at_once_and_leaves_nothing(stand: Stand) -> None:
    made = stand.make()
    connection = as_partner(made)
    connection.channel().basic_consume(made["queue"], lambda *_: None)
    path = f"{PATH}/{made['id']}"
    assert stand.web.call("DELETE", path, headers=stand.partner).status_code == 204
    with pytest.raises(pika.exceptions.ConnectionClosedByBroker):
        connection.process_data_events(time_limit=10)
    assert not stand.user_exists(made["user"])
    with pytest.raises(pika.exceptions.ChannelClosedByBroker) as gone:
        stand.admin.queue_declare(made["queue"], passive=True)
    assert gone.value.reply_code == 404
    problem(stand.web.call("GET", path, headers=stand.partner), 404, "not_found")
    problem(stand.web.call("DELETE", path, headers=stand.partner), 404, "not_found")
    problem(
        stand.web.call("POST", f"{path}/rotate-password", headers=stand.partner), 404, "not_found"
    )


def test_a_new_password_ends_the_old_one_and_its_connections(stand: Stand) -> None:
    made = stand.make()
    stand.publish("case.accepted.37.01.02", "kept")
    old = as_partner(made)
    answer = stand.web.call("POST", f"{PATH}/{made['id']}/rotate-password", headers=stand.partner)
    assert answer.status_code == 200, answer.get_data(as_text=True)
    fresh = answer.get_json()
    assert fresh["password"] != made["password"]
    with pytest.raises(pika.exceptions.ConnectionClosedByBroker):
        old.process_data_events(time_limit=10)
    with pytest.raises(pika.exceptions.AMQPConnectionError):
        as_partner(made)
    new = as_partner(fresh)
    assert got(fresh, new.channel()) == ["kept"]
    new.close()


def test_what_a_queue_holds_and_who_reads_it_is_shown(stand: Stand) -> None:
    made = stand.make()
    assert made["depth"] == {"waiting": 0, "consumers": 0}
    stand.publish("case.accepted.37.01.02")
    connection = as_partner(made)
    assert stand.shown(made["id"])["depth"] == {"waiting": 1, "consumers": 0}
    connection.channel().basic_consume(made["queue"], lambda *_: None)
    assert stand.shown(made["id"])["depth"] == {"waiting": 0, "consumers": 1}
    connection.close()
    away = stand.web.beside(amqp_url="amqp://127.0.0.1:1/%2F")
    answer = away.call("GET", f"{PATH}/{made['id']}", headers=stand.partner).get_json()
    assert answer["depth"] == {"waiting": None, "consumers": None}


# --- who may, and what may be asked for ----------------------------------------------------------


def test_another_channels_queue_does_not_exist(stand: Stand) -> None:
    made = stand.make()
    path = f"{PATH}/{made['id']}"
    other = stand.web.token("partner", channel="essc")
    assert stand.web.call("GET", PATH, headers=other).get_json() == {"items": []}
    for method, where, body in (
        ("GET", path, None), ("PATCH", path, {"description": "mine"}), ("DELETE", path, None),
        ("POST", f"{path}/rotate-password", None),
    ):  # fmt: skip
        problem(stand.web.call(method, where, body, headers=other), 404, "not_found")
    admin = stand.web.token("platform_admin")
    assert stand.web.call("GET", path, headers=admin).status_code == 200
    assert stand.web.call("DELETE", path, headers=admin).status_code == 204


def test_a_token_without_a_channel_is_told_what_it_lacks(stand: Stand) -> None:
    nobody = stand.web.token("partner")
    refused = stand.web.call("POST", PATH, WANTED, headers={**nobody, "Accept-Language": "en"})
    assert "channel" in problem(refused, 403, "forbidden")["detail"]


def test_an_administrator_makes_a_queue_for_a_channel_it_names(stand: Stand) -> None:
    admin = stand.web.token("platform_admin")
    unnamed = problem(stand.web.call("POST", PATH, WANTED, headers=admin), 422, "validation_failed")
    assert [e["pointer"] for e in unnamed["errors"]] == ["/channel"]
    made = stand.web.call("POST", PATH, {**WANTED, "channel": CHANNEL}, headers=admin)
    assert stand.shown(made.get_json()["id"])["channel"] == CHANNEL


@pytest.mark.parametrize(
    "changes,pointer,code",
    [
        ({"event_types": ["cn.tiaojie.case.nonsense.v1"]}, "/event_types/0", "unknown_event_type"),
        ({"event_types": ["cn.tiaojie.phone.*"]}, "/event_types/0", "unknown_event_type"),
        ({"event_types": []}, "/event_types", "required"),
        ({"divisions": ["37", "999999"]}, "/divisions/1", "unknown_value"),
        ({"divisions": ["51"]}, "/divisions/0", "division_not_allowed"),
        ({"divisions": ["370102013"]}, "/divisions", "division_too_narrow"),
        ({"max_length": 100_001}, "/max_length", "out_of_range"),
        ({"message_ttl_days": 0}, "/message_ttl_days", "out_of_range"),
        ({"alert_email": "z***@example.com"}, "/alert_email", "bad_format"),
    ],
)
def test_what_cannot_be_had_is_refused_where_it_stands(
    notify: Web, changes: dict[str, Any], pointer: str, code: str
) -> None:
    of_shandong = notify.token("partner", channel=CHANNEL, divisions=("37",))
    refused = notify.call("POST", PATH, {**WANTED, **changes}, headers=of_shandong)
    errors = problem(refused, 422, "validation_failed")["errors"]
    assert [(e["pointer"], e["code"]) for e in errors] == [(pointer, code)]


def test_a_queue_is_not_left_without_event_types(notify: Web) -> None:
    path = f"{PATH}/{some_credentials(notify.database)}"
    partner = notify.token("partner", channel=CHANNEL)
    for nothing in ([], None):
        refused = notify.call("PATCH", path, {"event_types": nothing}, headers=partner)
        (error,) = problem(refused, 422, "validation_failed")["errors"]
        assert (error["pointer"], error["code"]) == ("/event_types", "required")


def test_who_names_no_place_gets_what_the_token_may_see(stand: Stand) -> None:
    of_two = stand.web.token("partner", channel=CHANNEL, divisions=("370000", "510100"))
    made = stand.web.call("POST", PATH, {"event_types": ["cn.tiaojie.*"]}, headers=of_two)
    assert made.get_json()["divisions"] == ["37", "5101"]
    assert stand.bindings(made.get_json()["queue"]) == {"*.*.37.#", "*.*.51.01.#"}


def test_a_channel_has_ten_queues_at_most(stand: Stand) -> None:
    of_others = [{"_id": f"amqp_{n}", "channel": CHANNEL, "status": "active"} for n in range(10)]
    stand.documents.insert_many(of_others)
    problem(stand.web.call("POST", PATH, WANTED, headers=stand.partner), 409, "too_many_queues")


# --- what breaks off -----------------------------------------------------------------------------


def test_without_a_broker_nothing_is_promised(notify: Web) -> None:
    partner = notify.token("partner", channel=CHANNEL)
    problem(notify.call("POST", PATH, WANTED, headers=partner), 409, "amqp_not_offered")
    assert notify.count() == {}


def test_a_creation_that_broke_off_is_usable_by_nobody_and_taken_back(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken_off(*_: Any) -> bool:
        raise Transient("killed")

    monkeypatch.setattr(amqp_settling.Settling, "_settled", broken_off)
    refused = stand.web.call("POST", PATH, WANTED, headers=stand.partner)
    problem(refused, 503, "unavailable")
    monkeypatch.undo()
    (left,) = stand.documents.find()
    assert stand.user_exists(left["_id"])  # whose password nobody was told
    problem(stand.web.call("GET", f"{PATH}/{left['_id']}", headers=stand.partner), 404, "not_found")
    assert stand.settling.sweep() == 0  # it may still be under way
    long_ago = left["created_at"] - amqp_settling.BROKEN_OFF_AFTER
    stand.documents.update_one({}, {"$set": {"created_at": long_ago}})
    stand.settling.sweep()
    assert not stand.user_exists(left["_id"])


def test_a_change_made_while_the_broker_is_away_is_carried_out_later(stand: Stand) -> None:
    made = stand.make()
    away = stand.web.beside(amqp_management_url="http://a:b@127.0.0.1:1")
    path = f"{PATH}/{made['id']}"
    refused = away.call("PATCH", path, {"divisions": ["51"]}, headers=stand.partner)
    problem(refused, 503, "unavailable")
    assert stand.shown(made["id"])["settled"] is False
    assert stand.bindings(made["queue"]) == {"case.*.37.#"}
    assert stand.settling.sweep() == 1
    assert stand.shown(made["id"])["settled"] is True
    assert stand.bindings(made["queue"]) == {"case.*.51.#"}


def test_a_revocation_made_while_the_broker_is_away_is_carried_out_later(stand: Stand) -> None:
    made = stand.make()
    away = stand.web.beside(amqp_management_url="http://a:b@127.0.0.1:1")
    refused = away.call("DELETE", f"{PATH}/{made['id']}", headers=stand.partner)
    problem(refused, 503, "unavailable")
    stand.settling.sweep()
    assert not stand.user_exists(made["user"])


def test_a_change_that_was_overtaken_leaves_the_broker_as_the_newest_says(
    stand: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = stand.make()
    path = f"{PATH}/{made['id']}"
    bind = amqp_settling.Settling._bind
    overtaken: list[str] = []

    def slow(self: Any, session: Any, queue: str, document: Any) -> None:
        if not overtaken:
            overtaken.append("51")
            newer = stand.web.call("PATCH", path, {"divisions": ["51"]}, headers=stand.partner)
            assert newer.status_code == 200
        bind(self, session, queue, document)

    monkeypatch.setattr(amqp_settling.Settling, "_bind", slow)
    stand.web.call("PATCH", path, {"divisions": ["3701"]}, headers=stand.partner)
    assert stand.bindings(made["queue"]) == {"case.*.51.#"}
    assert stand.shown(made["id"])["divisions"] == ["51"]


def test_a_broker_that_was_set_up_anew_gets_the_users_back_with_their_passwords(
    stand: Stand,
) -> None:
    made = stand.make()
    requests.delete(f"{stand.management_url}/api/users/{made['user']}", timeout=10)
    stand.admin.queue_delete(made["queue"])
    Credentials(stand.web.database).unsettle_all()
    stand.settling.sweep()
    connection = as_partner(made)
    stand.publish("case.accepted.37.01.02", "again")
    assert got(made, connection.channel()) == ["again"]
    connection.close()


def test_what_was_revoked_a_day_ago_is_looked_after_once_more_and_forgotten(stand: Stand) -> None:
    made = stand.make()
    stand.web.call("DELETE", f"{PATH}/{made['id']}", headers=stand.partner)
    stand.settling.sweep()
    assert stand.documents.count_documents({}) == 1
    (left,) = stand.documents.find()
    long_ago = left["updated_at"] - 2 * amqp_settling.FORGOTTEN_AFTER
    stand.documents.update_one({}, {"$set": {"updated_at": long_ago}})
    stand.settling.sweep()
    assert stand.documents.count_documents({}) == 0
