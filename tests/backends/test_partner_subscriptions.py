"""Subscriptions over HTTP: whose they are, what they may say, what is kept of their secrets."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from services.notify.partners import subscriptions_api
from services.notify.partners.subscriptions import Subscriptions, stopped
from shared.sealing import Keyring
from tests.builders.partner_log import logged, many
from tests.builders.partner_subscriptions import (
    CHANNEL,
    PATH,
    WANTED,
    ask,
    got,
    make,
    partner,
    post,
)
from tests.web import AWAY, Web, problem, running


@pytest.fixture(scope="module")
def provisioned(mongo_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    with running("notify", mongo_url, tmp_path_factory.mktemp("notify")) as web:
        yield web


@pytest.fixture
def notify(provisioned: Web) -> Web:
    """The service, in which nothing is."""
    for name in provisioned.database.list_collection_names():
        provisioned.database[name].delete_many({})
    return provisioned


def kept(web: Web) -> Subscriptions:
    return Subscriptions(web.database, Keyring.parse(web.settings.contact_keys))


def become(web: Web, key: str, status: str) -> None:
    """As the handshake or the dispatcher would leave it."""
    change = {"$set": {"status": status}, "$inc": {"version": 1}}
    web.database.subscriptions.update_one({"_id": key}, change)


# --- made and shown ------------------------------------------------------------------------------


def test_a_subscription_is_made_shown_and_listed(notify: Web) -> None:
    logged(notify.database, *many(3))
    made = make(notify, concurrency=4, max_per_second=20, refuses_unsigned=True, language="en")
    secret = made.pop("secret")
    assert secret.startswith("whsec_")
    assert (made["status"], made["reason"], made["channel"]) == ("pending", None, CHANNEL)
    assert {name: made[name] for name in WANTED} == WANTED
    assert (made["concurrency"], made["max_per_second"]) == (4, 20)
    assert (made["refuses_unsigned"], made["language"]) == (True, "en")
    assert made["verification"]["tries"] == 0
    assert made["verification"]["next_attempt_at"] is not None
    assert made["progress"] == {
        "behind": 0, "failures": 0, "failing_since": None, "last_error": None,
        "last_success_at": None,
    }  # fmt: skip
    assert got(notify, "GET", made["id"]) == made
    other = make(notify, url="https://app.example.cn/other", divisions=[])
    listed = notify.call("GET", PATH, headers=partner(notify)).get_json()["items"]
    assert [each["id"] for each in listed] == [other["id"], made["id"]]
    logged(notify.database, *many(2))
    assert got(notify, "GET", made["id"])["progress"]["behind"] == 2


def test_the_secret_is_shown_once_and_kept_sealed(notify: Web) -> None:
    made = make(notify)
    assert made["secret"].encode() not in notify.dump()
    assert made["secret"].removeprefix("whsec_").encode() not in notify.dump()
    for answer in (
        ask(notify, "GET", made["id"]),
        ask(notify, "PATCH", made["id"], {"description": "x"}),
        notify.call("GET", PATH, headers=partner(notify)),
    ):
        assert b"whsec_" not in answer.get_data()


def test_who_is_told_of_trouble_is_kept_sealed_and_shown_masked(notify: Web) -> None:
    made = make(notify, alert_email="zhao@example.com")
    assert made["alert_email"] == "z***@example.com"
    assert b"zhao" not in notify.dump()
    unchanged = got(notify, "PATCH", made["id"], {"language": "en"})
    assert unchanged["alert_email"] == "z***@example.com"
    changed = got(notify, "PATCH", made["id"], {"alert_email": "qian@example.com"})
    assert changed["alert_email"] == "q***@example.com"
    assert b"qian" not in notify.dump()
    assert got(notify, "PATCH", made["id"], {"alert_email": None})["alert_email"] is None


def test_a_request_that_is_repeated_makes_no_second_one(notify: Web) -> None:
    made = make(notify)
    again = problem(post(notify, description="anders"), 409, "subscription_exists")
    assert again["subscription"] == made["id"]
    make(notify, headers=partner(notify, "essc"))  # the same of another channel
    make(notify, divisions=["51"])
    assert notify.database.subscriptions.count_documents({}) == 3


def test_a_channel_has_so_many_and_no_more(notify: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subscriptions_api, "MOST_OF_A_CHANNEL", 2)
    for number in range(2):
        make(notify, url=f"https://app.example.cn/{number}")
    problem(post(notify), 409, "too_many_subscriptions")
    make(notify, headers=partner(notify, "essc"))


# --- bad input -----------------------------------------------------------------------------------

HANZI = range(0x4E00, 0x9FFF)
BAD: list[tuple[dict[str, Any], str, str]] = [
    ({"event_types": ["cn.tiaojie.nothing.*"]}, "/event_types/0", "unknown_event_type"),
    ({"event_types": [*WANTED["event_types"], "case.closed"]}, "/event_types/1", "unknown_event_type"),
    ({"event_types": []}, "/event_types", "required"),
    ({"event_types": None}, "/event_types", "required"),
    ({"divisions": ["37", "98"]}, "/divisions/1", "unknown_value"),
    ({"divisions": ["3701", "51"]}, "/divisions/1", "division_not_allowed"),
    ({"url": None}, "/url", "required"),
    ({"url": "app.example.cn"}, "/url", "bad_format"),
    ({"url": "http://app.example.cn/"}, "/url", "https_required"),
    ({"url": "https://10.1.2.3/"}, "/url", "address_not_allowed"),
    ({"url": "https://127.0.0.1/"}, "/url", "address_not_allowed"),
    ({"url": "https://[::1]/"}, "/url", "address_not_allowed"),
    ({"url": "https://169.254.169.254/latest"}, "/url", "address_not_allowed"),
    ({"url": "https://0x7f000001/"}, "/url", "address_not_allowed"),
    ({"url": "https://localhost/"}, "/url", "address_not_allowed"),
    ({"url": "https://user:password@app.example.cn/"}, "/url", "credentials_in_url"),
    ({"url": "https://app.example.cn/#part"}, "/url", "fragment_in_url"),
    ({"url": "https://app.example.cn/" + "x" * 2000}, "/url", "too_long"),
    ({"alert_email": "z***@example.com"}, "/alert_email", "bad_format"),
    ({"alert_email": "zhao"}, "/alert_email", "bad_format"),
    ({"description": "x" * 201}, "/description", "too_long"),
    ({"concurrency": 0}, "/concurrency", "out_of_range"),
    ({"max_per_second": 1001}, "/max_per_second", "out_of_range"),
    ({"language": "fr"}, "/language", "unknown_value"),
]  # fmt: skip


@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_what_cannot_be_is_refused_where_it_stands_in_both_languages(
    notify: Web, method: str
) -> None:
    """One service for all of them: nothing is kept of any."""
    reach = partner(notify, reach=("37",))
    path, sound = (PATH, WANTED)
    if method == "PATCH":
        path, sound = f"{PATH}/{make(notify, headers=reach)['id']}", {}
    before = notify.database.command("dbHash")["md5"]
    for change, pointer, code in BAD:
        words = {}
        for language in ("zh", "en"):
            headers = {**reach, "Accept-Language": language}
            answer = notify.call(method, path, {**sound, **change}, headers=headers)
            (error,) = problem(answer, 422, "validation_failed")["errors"]
            assert (error["pointer"], error["code"]) == (pointer, code), change
            words[language] = error["message"]
        assert any(ord(letter) in HANZI for letter in words["zh"]), words
        assert not any(ord(letter) in HANZI for letter in words["en"]), words
    assert notify.database.command("dbHash")["md5"] == before


def test_only_development_lets_endpoints_of_this_machine_in(notify: Web) -> None:
    local = {"url": "http://127.0.0.1:8000/events"}
    errors = problem(post(notify, **local), 422, "validation_failed")["errors"]
    assert [(error["pointer"], error["code"]) for error in errors] == [
        ("/url", "https_required"),
        ("/url", "address_not_allowed"),
    ]
    assert make(notify.beside(partner_allow_loopback=True), **local)["url"] == local["url"]


def test_who_names_no_place_gets_those_of_its_token(notify: Web) -> None:
    reach = partner(notify, reach=("370000", "510100"))
    made = make(notify, headers=reach, divisions=None)
    assert made["divisions"] == ["37", "5101"]
    narrow = got(notify, "PATCH", made["id"], {"divisions": ["370102"]}, headers=reach)
    assert narrow["divisions"] == ["370102"]
    wide = got(notify, "PATCH", made["id"], {"divisions": []}, headers=reach)
    assert wide["divisions"] == ["37", "5101"]


# --- whose it is ---------------------------------------------------------------------------------

OPERATIONS: list[tuple[str, str, Any]] = [
    ("GET", "", None),
    ("PATCH", "", {"description": "x"}),
    ("DELETE", "", None),
    ("POST", "/verify", None),
    ("POST", "/pause", None),
    ("POST", "/resume", None),
    ("POST", "/rotate-secret", None),
    ("POST", "/test", None),
    ("POST", "/replay", {"since": "2026-11-20T03:00:00Z"}),
    ("GET", "/deliveries", None),
    ("GET", "/deliveries/some-event", None),
]


def test_another_channels_subscription_is_not_there(notify: Web) -> None:
    key = make(notify)["id"]
    become(notify, key, "active")
    before = notify.database.subscriptions.find_one()
    for method, rest, body in OPERATIONS:
        other = partner(notify, "essc")
        problem(ask(notify, method, key + rest, body, headers=other), 404, "not_found")
        problem(ask(notify, method, "sub_unknown" + rest, body), 404, "not_found")
        nobody = ask(notify, method, key + rest, body, headers=notify.token("partner"))
        problem(nobody, 403, "forbidden")
    assert notify.call("GET", PATH, headers=partner(notify, "essc")).get_json() == {"items": []}
    assert notify.database.subscriptions.find_one() == before


def test_a_partner_needs_a_channel_and_makes_things_for_it_alone(notify: Web) -> None:
    nobody = {**notify.token("partner"), "Accept-Language": "en"}
    assert "claim" in problem(post(notify, headers=nobody), 403, "forbidden")["detail"]
    problem(notify.call("GET", PATH, headers=nobody), 403, "forbidden")
    problem(post(notify, channel="essc"), 403, "forbidden")
    problem(post(notify, headers=notify.token("mediator")), 403, "forbidden")
    assert make(notify, channel=CHANNEL)["channel"] == CHANNEL


def test_an_administrator_sees_all_and_names_the_channel(notify: Web) -> None:
    administrator = notify.token("platform_admin")
    own = make(notify)
    refused = problem(post(notify, headers=administrator), 422, "validation_failed")
    assert [e["pointer"] for e in refused["errors"]] == ["/channel"]
    theirs = make(notify, headers=administrator, channel="essc")
    assert theirs["channel"] == "essc"
    listed = notify.call("GET", PATH, headers=administrator).get_json()["items"]
    assert [each["id"] for each in listed] == [theirs["id"], own["id"]]
    assert got(notify, "PATCH", own["id"], {"concurrency": 1}, headers=administrator)


# --- changed and ended ---------------------------------------------------------------------------


def test_another_address_is_verified_anew_and_what_is_not_named_stays(notify: Web) -> None:
    made = make(notify, alert_email="zhao@example.com")
    become(notify, made["id"], "active")
    narrowed = got(notify, "PATCH", made["id"], {"divisions": ["370102"], "concurrency": 2})
    assert (narrowed["status"], narrowed["divisions"]) == ("active", ["370102"])
    moved = got(notify, "PATCH", made["id"], {"url": "https://app.example.cn/new"})
    assert (moved["status"], moved["url"]) == ("pending", "https://app.example.cn/new")
    assert moved["verification"]["next_attempt_at"] is not None
    for name in ("event_types", "description", "alert_email"):
        assert moved[name] == made[name]
    assert (moved["divisions"], moved["concurrency"]) == (["370102"], 2)
    assert got(notify, "PATCH", made["id"], {}) == moved


def test_what_was_found_out_about_the_address_before_proves_and_ends_nothing(notify: Web) -> None:
    """A handshake, or a call that ends in 410, may be under way while the address is changed."""
    key = make(notify)["id"]
    known = kept(notify).read(key)
    assert known is not None
    moved = got(notify, "PATCH", key, {"url": "https://app.example.cn/not-proven"})
    kept(notify).verified(known)
    kept(notify).stop(known, "gone")
    kept(notify).verification_failed(known, "timeout", None)
    assert got(notify, "GET", key) == moved
    become(notify, key, "active")
    kept(notify).pause(known, known["created_at"], "timeout")
    assert got(notify, "GET", key)["status"] == "active"


def test_a_new_secret_signs_beside_the_one_before(notify: Web) -> None:
    made = make(notify)
    rotated = got(notify, "POST", f"{made['id']}/rotate-secret")
    assert rotated["secret"] not in {made["secret"], None}
    newest, before = rotated["secrets"]
    assert newest["expires_at"] is None
    assert before["expires_at"] is not None
    got(notify, "POST", f"{made['id']}/rotate-secret")
    assert len(got(notify, "GET", made["id"])["secrets"]) == 2
    assert rotated["secret"].encode() not in notify.dump()


def test_pausing_resuming_and_verifying_as_asked(notify: Web) -> None:
    key = make(notify)["id"]
    for act in ("pause", "resume", "test"):
        refused = problem(ask(notify, "POST", f"{key}/{act}"), 409, "subscription_not_ready")
        assert refused["subscription_status"] == "pending"
    become(notify, key, "active")
    paused = got(notify, "POST", f"{key}/pause")
    assert (paused["status"], paused["reason"]) == ("paused", "asked")
    assert got(notify, "POST", f"{key}/pause") == paused
    assert got(notify, "POST", f"{key}/resume")["status"] == "active"
    assert got(notify, "POST", f"{key}/verify")["status"] == "pending"


def test_one_that_was_stopped_is_shown_and_can_be_verified_anew(notify: Web) -> None:
    key = make(notify)["id"]
    kept(notify).carry_out(key, lambda state, at: stopped(state, "gone", at))
    shown = got(notify, "GET", key)
    assert (shown["status"], shown["reason"]) == ("stopped", "gone")
    problem(post(notify), 409, "subscription_exists")
    replay = {"since": "2026-11-20T03:00:00Z"}
    for act, body in (("resume", None), ("replay", replay), ("test", None)):
        problem(ask(notify, "POST", f"{key}/{act}", body), 409, "subscription_not_ready")
    again = got(notify, "POST", f"{key}/verify")
    assert (again["status"], again["reason"]) == ("pending", None)


def test_one_that_is_deleted_is_gone_and_may_be_made_again(notify: Web) -> None:
    key = make(notify)["id"]
    assert ask(notify, "DELETE", key).status_code == 204
    for method, rest, body in OPERATIONS:
        problem(ask(notify, method, key + rest, body), 404, "not_found")
    assert make(notify)["id"] != key


def test_while_the_database_is_away_partners_are_told_so(notify: Web) -> None:
    away = notify.beside(mongo_url=AWAY, backend_timeout_seconds=0.3)
    problem(post(away), 503, "unavailable")
