"""The simulated provider end to end: the sender, its receipts, the next address, on a real MongoDB."""

from __future__ import annotations

import re
import sys
import types
from argparse import Namespace
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.notify.channels import Unconfigured, coverage
from services.notify.channels.chat import Chat
from services.notify.channels.configured import configured, ensure_indexes
from services.notify.channels.development import DevelopmentOutbox
from services.notify.channels.email import Email
from services.notify.channels.failover import Failover
from services.notify.channels.push import Push
from services.notify.channels.simulator import DOMAIN, FATES, NUMBERS, Simulator, fate_of
from services.notify.domain import plan
from services.notify.people.addresses import email_address, push_address, sms_address
from services.notify.people.fallback import Followers
from services.notify.people.indexes import INDEXES
from services.notify.people.messages import to_document
from services.notify.people.receipts import Receipts, WaitingReceipts
from services.notify.people.sending import Sender
from services.notify.people.settling import Settling
from services.notify.people.templates import Templates
from services.notify.settings import NotifySettings
from shared.sealing import Keyring, new_key
from shared.settings import SettingsError
from shared.store import insert_records
from tests.builders.notices import a_person, an_event, some_recipients
from tests.house.sources import ROOT
from tests.web import Web

KEYRING = Keyring.parse(f"k1:{new_key()}")
WORDS = list(FATES)


class System:
    """A sender over these channels and the task that settles receipts, with a clock moved by hand."""

    def __init__(self, database: Any, settings: NotifySettings) -> None:
        self.database = database
        self.events = iter(range(1, 100))
        self.now = datetime.now(UTC)
        messages = database["messages"]
        messages.create_indexes(INDEXES)
        ensure_indexes(database)
        followers = Followers(messages, clock=self._clock)
        self.receipts = Receipts(
            WaitingReceipts(database), Settling(messages, followers, self._clock), self._clock
        )
        channels = configured(settings, database)
        for channel in channels.values():
            if isinstance(channel, Simulator):
                channel._clock = self._clock
        self.sender = Sender(
            messages, channels, KEYRING, clock=self._clock, lease_seconds=120, threads=2,
            jitter=lambda: 0.5,
        )  # fmt: skip

    def _clock(self) -> datetime:
        return self.now

    def record(self, **person: Any) -> list[str]:
        planned = plan(
            an_event("application.submitted", sequence=next(self.events)),
            some_recipients(a_person(**person)),
        )
        assert isinstance(planned, list)
        templates = Templates("https://x")
        documents = [to_document(m, templates, KEYRING, self.now) for m in planned]
        insert_records(self.database["messages"], documents)
        return [str(document["_id"]) for document in documents]

    def run(self, hours: float = 100) -> None:
        """Send what is due and settle what comes, as time goes by."""
        ends_at = self.now + timedelta(hours=hours)
        while self.now < ends_at:
            self.sender.send_due()
            self.receipts.settle_waiting()
            due = [
                d["next_attempt_at"] for d in self.database["messages"].find({"status": "planned"})
            ]
            due += [d["due_at"] for d in self.database["receipts_waiting"].find()]
            if not due:
                return
            self.now = max(self.now + timedelta(seconds=0.1), min(due))

    def status(self, message_id: str) -> tuple[str, str | None]:
        document = self.database["messages"].find_one({"_id": message_id})
        return document["status"], document["last_error"]


@pytest.fixture
def system(database: Any) -> Any:
    made: list[System] = []

    def make(**settings: Any) -> System:
        settings.setdefault("environment", "development")
        made.append(System(database, NotifySettings(hashing_key=new_key(), **settings)))
        return made[-1]

    yield make
    for one in made:
        one.sender.stop()


ENDS = {
    "delivered": ("delivered", None),
    "refused": ("permanent_failure", "number_invalid"),
    "recovering": ("delivered", None),
    "uncertain": ("uncertain", "timeout"),
    "misconfigured": ("technical_failure", "account"),
    "unreported": ("accepted", None),
    "late": ("delivered", None),
    "undelivered": ("temporary_failure", "undelivered"),
    "doubtful": ("delivered", None),
    "failing": ("temporary_failure", "vendor_error"),
}


@pytest.mark.parametrize("channel", ["sms", "email"])
def test_every_number_and_address_of_the_table_fares_as_it_says(
    system: Callable[..., System], channel: str
) -> None:
    one = system()
    messages: dict[str, str] = {}
    for digit, word in enumerate(WORDS, start=1):
        text = {"phone": f"{NUMBERS}{digit % 10}", "email": None}
        mail = {"phone": None, "email": word + DOMAIN}
        (messages[word],) = one.record(**(text if channel == "sms" else mail))
    one.run()
    assert {word: one.status(message) for word, message in messages.items()} == ENDS


def test_a_late_receipt_is_late(system: Callable[..., System]) -> None:
    one = system()
    (message,) = one.record(phone=f"{NUMBERS}7", email=None)
    one.run(hours=0.01)
    assert one.status(message)[0] == "accepted"
    one.run()
    assert one.status(message)[0] == "delivered"


def test_a_provider_out_of_order_is_tried_again(system: Callable[..., System]) -> None:
    one = system()
    tries = {"delivered": 1, "recovering": 3, "failing": 8}
    messages = {word: one.record(email=word + DOMAIN, phone=None)[0] for word in tries}
    one.run()
    found = {d["_id"]: d["attempts"] for d in one.database["messages"].find()}
    assert {word: found[message] for word, message in messages.items()} == tries


def test_a_text_message_that_was_not_delivered_is_followed_by_an_email(
    system: Callable[..., System],
) -> None:
    one = system()
    text, mail = one.record(phone=f"{NUMBERS}8", email=f"delivered{DOMAIN}")
    one.run()
    assert (one.status(text)[0], one.status(mail)[0]) == ("temporary_failure", "delivered")


def test_what_was_sent_can_be_read_in_development_and_is_not_kept_elsewhere(
    system: Callable[..., System], database: Any
) -> None:
    one = system()
    (message,) = one.record(phone="+8613800000011", email=None)
    one.run()
    assert "K7RM-2PXA" in DevelopmentOutbox.of(database).texts([message])[message]["text"]
    database["development_outbox"].drop()
    database["messages"].drop()
    named = system(environment="production", sms_providers="simulator")
    (message,) = named.record(phone=f"{NUMBERS}1", email=None)
    named.run()
    assert named.status(message) == ("delivered", None)
    assert database["messages"].find_one({"_id": message})["provider"] == "simulator"
    assert "development_outbox" not in database.list_collection_names()


def test_the_table_is_of_addresses_that_are_taken_and_belong_to_nobody() -> None:
    numbers = [f"{NUMBERS}{digit}" for digit in "1234567890"]
    assert [fate_of(number).word for number in numbers] == WORDS
    assert [sms_address(number.removeprefix("+86")) for number in numbers] == numbers
    assert all(email_address(word + DOMAIN) for word in WORDS)
    assert all(push_address(f"simulator:{word}") for word in WORDS)
    assert fate_of("+8613800000011").word == fate_of("somebody@example.com").word == "delivered"


def test_the_page_of_the_simulator_tells_the_whole_table() -> None:
    page = (ROOT / "docs/simulator.md").read_text("utf-8")
    rows = re.findall(r"^\| `(1540000000\d)` \| `(\w+)` \|", page, re.MULTILINE)
    told = {word: number for number, word in rows}
    assert told == {
        word: f"{NUMBERS}{(index + 1) % 10}".removeprefix("+86") for index, word in enumerate(WORDS)
    }


# --- which channels there are --------------------------------------------------------------------


class Gateway:
    """A deployment's own."""

    def __init__(self, settings: NotifySettings) -> None:
        self.settings = settings


@pytest.fixture
def own(monkeypatch: pytest.MonkeyPatch) -> None:
    module = types.ModuleType("vendor")
    module.a_gateway = Gateway  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "vendor", module)


def test_production_has_no_channel_that_nobody_named(database: Any) -> None:
    channels = configured(NotifySettings(), database)
    kinds = {name: type(channel) for name, channel in channels.items()}
    assert kinds == {"sms": Unconfigured, "email": Unconfigured, "push": Unconfigured, "chat": Chat}


@pytest.mark.usefixtures("own")
def test_settings_choose_the_providers(database: Any, tmp_path: Any) -> None:
    codes = tmp_path / "codes.json"
    codes.write_text('{"aliyun": {"SMS_1": "您好。"}, "tencent": {"1": "您好。"}}', "utf-8")
    settings = NotifySettings(
        hashing_key=new_key(), smtp_host="127.0.0.1", push_url="barks://push.example.cn/{device}",
        sms_providers="aliyun, tencent,vendor:a_gateway", sms_template_codes=str(codes),
        aliyun_access_key_id="a", aliyun_access_key_secret="b", tencent_secret_id="c",
        tencent_secret_key="d", tencent_sms_app_id="e",
    )  # fmt: skip
    channels = configured(settings, database)
    assert isinstance(channels["sms"], Failover)
    assert list(channels["sms"]._providers) == ["aliyun", "tencent", "vendor:a_gateway"]
    assert isinstance(channels["email"], Email)
    assert isinstance(channels["push"], Push)
    assert settings.lease_seconds > 3 * settings.sms_timeout_seconds


def test_everything_that_cannot_be_is_named_at_once(database: Any, tmp_path: Any) -> None:
    settings = NotifySettings(
        sms_providers="aliyun,tencent,huawei,no.such:gateway,aliyun", sms_per_number="x",
        sms_template_codes=str(tmp_path / "none"), receipt_tokens="aliyun=short",
        push_url="json://x/{device}", aliyun_sms_endpoint="http://example.com",
    )  # fmt: skip
    with pytest.raises(SettingsError) as refused:
        configured(settings, database)
    for named in (
        "SMS_PROVIDERS: huawei", "SMS_PROVIDERS: no.such:gateway", "SMS_PROVIDERS: each once",
        "ALIYUN_ACCESS_KEY_ID", "ALIYUN_ACCESS_KEY_SECRET", "TENCENT_SECRET_ID",
        "TENCENT_SECRET_KEY", "TENCENT_SMS_APP_ID", "SMS_PER_NUMBER", "SMS_TEMPLATE_CODES",
        "RECEIPT_TOKENS", "PUSH_URL", "ALIYUN_SMS_ENDPOINT", "hashing key",
    ):  # fmt: skip
        assert named in str(refused.value), named


def test_a_command_tells_what_each_vendor_in_use_lacks(
    notify: Web, tmp_path: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    codes = tmp_path / "codes.json"
    codes.write_text('{"aliyun": {"SMS_1": "您好。"}}', "utf-8")
    monkeypatch.setattr(coverage, "connect", lambda *_: notify.database)
    settings = replace(notify.settings, sms_providers="aliyun", sms_template_codes=str(codes))
    coverage.tell(settings, Namespace())
    *lacking, last = capsys.readouterr().out.splitlines()
    assert {line.partition("\t")[0] for line in lacking} == {"aliyun"}
    assert last == f"aliyun: {len(lacking)} wordings lack an approved text"
