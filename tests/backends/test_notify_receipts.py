"""Receipts of providers over HTTP, on a real MongoDB: in any order, any number, from nobody else."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.notify.domain import plan
from services.notify.people.fallback import Followers
from services.notify.people.messages import to_document
from services.notify.people.receipt_forms import LOST, read_all, read_tokens
from services.notify.people.receipts import RETRIES, Receipts, WaitingReceipts
from services.notify.people.settling import Receipt, Settling
from services.notify.people.templates import Templates
from shared.sealing import Keyring
from shared.settings import SettingsError
from shared.store import insert_records
from tests.builders.notices import a_person, an_event, some_recipients
from tests.web import AWAY, Web, problem

TOKENS = {name: f"an-invented-token-of-{name}" for name in ("aliyun", "tencent", "simulator")}
NOW = datetime.now(UTC).replace(microsecond=0)
OK = {
    "aliyun": {"code": 0, "msg": "成功"},
    "tencent": {"result": 0, "errmsg": "OK"},
    "simulator": {"received": True},
}


@pytest.fixture
def web(notify: Web) -> Web:
    return notify.beside(receipt_tokens=",".join(f"{n}={t}" for n, t in TOKENS.items()))


@pytest.fixture
def message(web: Web) -> Callable[..., str]:
    """Record a text message as it stands after it was handed over; its id."""
    sequence = iter(range(1, 100))

    def make(status: str = "accepted", *, email: bool = False, **fields: Any) -> str:
        person = a_person() if email else a_person(email=None)
        event = an_event("application.submitted", sequence=next(sequence))
        planned = plan(event, some_recipients(person))
        assert isinstance(planned, list)
        keyring = Keyring.parse(web.settings.contact_keys)
        documents = [to_document(m, Templates("https://x"), keyring, NOW) for m in planned]
        documents[0] |= {"status": status, "attempts": 1, "next_attempt_at": None, **fields}
        insert_records(web.database.messages, documents)
        return str(documents[0]["_id"])

    return make


def tell(web: Web, provider: str, *entries: Any, token: str = "") -> Any:
    token = token or TOKENS.get(provider, "")
    path = f"/v1/message-receipts/{provider}?token={token}"
    return web.call("POST", path, list(entries))


def told(web: Web, provider: str, *entries: Any) -> None:
    response = tell(web, provider, *entries)
    assert (response.status_code, response.get_json()) == (200, OK[provider])


def aliyun(message_id: str, *, success: bool = True, **changes: Any) -> dict[str, Any]:
    return {
        "phone_number": "13800000011", "send_time": "2026-11-20 11:00:00",
        "report_time": "2026-11-20 11:00:04", "success": success,
        "err_code": "DELIVERED" if success else "UNDELIV", "err_msg": "13800000011 的说明",
        "sms_size": "1", "biz_id": "biz-1", "out_id": message_id, **changes,
    }  # fmt: skip


def tencent(sid: str, *, success: bool = True, **changes: Any) -> dict[str, Any]:
    return {
        "user_receive_time": "2026-11-20 11:00:04", "nationcode": "86", "mobile": "13800000011",
        "report_status": "SUCCESS" if success else "FAIL",
        "errmsg": "DELIVRD" if success else "UNDELIV", "description": "13800000011", "sid": sid,
        **changes,
    }  # fmt: skip


def status(web: Web, message_id: str) -> tuple[str, str | None]:
    document = web.database.messages.find_one({"_id": message_id})
    assert document is not None
    return document["status"], document["last_error"]


def test_a_receipt_of_each_provider_becomes_the_end_of_its_message(web, message):
    first = message()
    second = message(provider="tencent", provider_reference="sid-1")
    third = message(status="uncertain")
    told(web, "aliyun", aliyun(first))
    told(web, "tencent", tencent("sid-1"))
    told(web, "simulator", {"message_id": third, "delivered": True})
    assert {status(web, m) for m in (first, second, third)} == {("delivered", None)}


def test_why_a_message_was_not_delivered_is_told_in_our_own_words(web, message):
    for number, (code, end) in enumerate((
        ("UNDELIV", ("temporary_failure", "unreachable")),
        ("MK:0001", ("permanent_failure", "number_invalid")),
        ("MOBILE_IN_BLACK", ("permanent_failure", "number_blocked")),
        ("CONTENT_KEYWORD", ("permanent_failure", "content_refused")),
        ("XX:0815", ("temporary_failure", "undelivered")),
        (None, ("temporary_failure", "undelivered")),
        (17, ("temporary_failure", "undelivered")),
    )):  # fmt: skip
        one = message()
        told(web, "aliyun", aliyun(one, success=False, err_code=code))
        two = message(provider="tencent", provider_reference=f"sid-{number}")
        told(web, "tencent", tencent(f"sid-{number}", success=False, errmsg=code))
        assert status(web, one) == status(web, two) == end


def test_a_message_that_was_not_delivered_goes_to_the_next_address(web, message):
    one = message(email=True)
    told(web, "aliyun", aliyun(one, success=False))
    mail = web.database.messages.find_one({"channel": "email"})
    assert (mail["rank"], mail["status"]) == (1, "planned")


def test_receipts_may_come_again_and_in_any_order(web, message):
    one = message()
    for success in (False, True, False, True, True):
        told(web, "aliyun", aliyun(one, success=success))
    assert status(web, one) == ("delivered", None)
    history = web.database.messages.find_one({"_id": one})["history"]
    assert [entry["outcome"] for entry in history] == ["temporary_failure", "delivered"]


def test_one_call_tells_of_many_messages_and_a_bad_entry_costs_the_others_nothing(web, message):
    ids = [message() for _ in range(3)]
    unread = LOST.labels("aliyun", "unreadable")._value.get()
    entries = [aliyun(ids[0]), None, "x", 5, [], {}, {"success": "yes", "out_id": ids[1]},
               {"success": True}, {"success": True, "out_id": "x" * 200}, *map(aliyun, ids[1:])]  # fmt: skip
    told(web, "aliyun", *entries)
    assert {status(web, m)[0] for m in ids} == {"delivered"}
    assert LOST.labels("aliyun", "unreadable")._value.get() - unread == 8


def test_without_the_secret_of_the_address_there_is_no_such_address(web, message):
    one = message()
    for token in ("x", TOKENS["tencent"], "令牌", TOKENS["aliyun"][:-1]):
        problem(tell(web, "aliyun", aliyun(one), token=token), 404, "not_found")
    problem(web.call("POST", "/v1/message-receipts/aliyun", []), 404, "not_found")
    problem(tell(web, "huawei", token=TOKENS["aliyun"]), 404, "not_found")
    assert status(web, one) == ("accepted", None)


def test_a_provider_without_a_secret_is_not_listened_to(notify):
    path = "/v1/message-receipts/aliyun"
    for question in ("", "?token=", "?token=x"):
        problem(notify.call("POST", path + question, []), 404, "not_found")


def test_what_is_no_list_of_receipts_is_refused(web):
    path = f"/v1/message-receipts/aliyun?token={TOKENS['aliyun']}"
    for body, expected, code in (
        (b"{", 415, "unsupported_media_type"),
        ({"out_id": "m1"}, 422, "validation_failed"),
        ("x", 422, "validation_failed"),
        ([{}] * 501, 422, "validation_failed"),
        ([{"err_msg": "x" * 70_000}], 413, "body_too_large"),
    ):
        problem(web.call("POST", path, body), expected, code)


def test_as_many_as_allowed_are_taken_at_once(web):
    told(web, "tencent", *[{"sid": "s", "report_status": "FAIL"}] * 500)
    assert web.database.receipts_waiting.count_documents({}) == 1


def test_while_the_database_is_away_the_provider_is_told_to_come_again(web):
    away = web.beside(mongo_url=AWAY, backend_timeout_seconds=0.3)
    problem(tell(away, "aliyun", aliyun("m1")), 503, "unavailable")


def test_nothing_personal_is_kept_of_a_receipt(web, message):
    told(web, "aliyun", aliyun(message(), success=False), aliyun("unknown-to-us"))
    told(web, "tencent", tencent("unknown-to-us"))
    assert b"13800000011" not in web.dump()
    assert web.database.receipts_waiting.count_documents({}) == 2


# --- receipts that come too early ----------------------------------------------------------------


class Clock:
    def __init__(self) -> None:
        self.now = datetime.now(UTC)

    def __call__(self) -> datetime:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def receipts(web: Web, clock: Clock) -> Receipts:
    messages = web.database.messages
    settling = Settling(messages, Followers(messages, clock=clock), clock)
    return Receipts(WaitingReceipts(web.database), settling, clock)


def test_a_receipt_that_is_faster_than_our_own_record_is_not_lost(web, message, receipts, clock):
    told(web, "tencent", tencent("sid-9"), tencent("sid-9"))
    assert receipts.settle_waiting() == 0, "not before it is due"
    one = message(provider="tencent", provider_reference="sid-9")
    clock.advance(RETRIES[0] + 1)
    assert receipts.settle_waiting() == 1
    assert status(web, one) == ("delivered", None)
    assert web.database.receipts_waiting.count_documents({}) == 0


def test_what_names_no_message_for_some_minutes_is_forgotten_and_counted(web, receipts, clock):
    unknown = LOST.labels("tencent", "unknown")._value.get()
    told(web, "tencent", tencent("of-another-system"))
    for seconds in RETRIES:
        assert web.database.receipts_waiting.count_documents({}) == 1
        clock.advance(seconds + 1)
        receipts.settle_waiting()
    assert web.database.receipts_waiting.count_documents({}) == 0
    assert LOST.labels("tencent", "unknown")._value.get() - unknown == 1


def test_a_worker_that_dies_between_settling_and_forgetting_does_no_harm(
    web, message, receipts, clock
):
    one = message()
    waiting = WaitingReceipts(web.database)
    receipt = Receipt("delivered", clock.now, "simulator", message_id=one)
    waiting.expect([receipt], clock.now)
    assert receipts.settle_waiting() == 1
    waiting.expect([receipt], clock.now)
    assert receipts.settle_waiting() == 1
    assert status(web, one) == ("delivered", None)
    assert len(web.database.messages.find_one({"_id": one})["history"]) == 1


# --- how they are read ---------------------------------------------------------------------------


def test_a_moment_is_mainland_time_and_never_in_the_future_or_long_ago():
    now = datetime(2026, 11, 20, 4, tzinfo=UTC)
    times = ["2026-11-20 11:00:04", "2026-11-20 13:00:00", "2026-10-20 11:00:04", "yesterday", None]
    entries = [aliyun("m", report_time=time) for time in times]
    at = [receipt.at for receipt in read_all("aliyun", entries, now)]
    assert at == [datetime(2026, 11, 20, 3, 0, 4, tzinfo=UTC), now, now, now, now]


def test_secrets_are_read_and_every_fault_is_named_without_them():
    assert read_tokens(" aliyun=0123456789abcdef , tencent=x=0123456789abcde") == {
        "aliyun": "0123456789abcdef",
        "tencent": "x=0123456789abcde",
    }
    with pytest.raises(SettingsError) as refused:
        read_tokens("aliyun=secret,huawei=0123456789abcdef")
    assert len(str(refused.value).splitlines()) == 2
    assert "secret" not in str(refused.value)
