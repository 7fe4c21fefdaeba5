"""Which channels there are, as the settings say; everything that cannot be is named at start."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Final

from services.notify.channels import Channel, Unconfigured
from services.notify.channels.approved import VENDORS, read_approved
from services.notify.channels.chat import Chat
from services.notify.channels.counts import Days, Numbers
from services.notify.channels.email import Email
from services.notify.channels.failover import Failover, Held
from services.notify.channels.lateness import Lateness
from services.notify.channels.limits import SmsLimits, windows
from services.notify.channels.push import Push
from services.notify.channels.simulator import NAME as SIMULATOR
from services.notify.channels.simulator import SimulatedSms, Simulator
from services.notify.channels.simulator import ensure_indexes as ensure_simulator_indexes
from services.notify.channels.sms import Fenced, SmsGateway, SmsProvider
from services.notify.people.receipt_forms import read_tokens
from services.notify.people.receipts import WaitingReceipts
from services.notify.settings import NotifySettings
from shared.sealing import Hasher
from shared.settings import PREFIX, SettingsError

if TYPE_CHECKING:
    from pymongo.database import Database

    from shared.store import Document

_NEEDED: Final[Mapping[str, tuple[str, ...]]] = {
    "aliyun": ("aliyun_access_key_id", "aliyun_access_key_secret", "sms_template_codes"),
    "tencent": (
        "tencent_secret_id",
        "tencent_secret_key",
        "tencent_sms_app_id",
        "sms_template_codes",
    ),
}
"""Vendor → the settings it cannot be used without."""


def configured(settings: NotifySettings, database: Database[Document]) -> dict[str, Channel]:
    """The channel for each kind of message; SettingsError naming every setting that cannot be used."""
    if faults := list(_faults(settings)):
        raise SettingsError("\n".join(faults))
    channels: dict[str, Channel] = {
        "sms": Unconfigured(),
        "email": Unconfigured(),
        "push": Unconfigured(),
        "chat": Chat(settings.chat_timeout_seconds),
    }
    if settings.is_development:
        from services.notify.channels.development import channels_of

        channels = channels_of(database)
    if settings.sms_provider_names:
        channels["sms"] = _text_messages(settings, database)
    if settings.smtp_host:
        channels["email"] = Email(settings)
    if settings.push_url:
        channels["push"] = Push(settings.push_url, settings.chat_timeout_seconds)
    return channels


def ensure_indexes(database: Database[Document]) -> None:
    """Of the collections of these channels."""
    Held(database).ensure_indexes()
    Numbers(database, Hasher(bytes(32)), ()).ensure_indexes()
    Days(database, 0, _now).ensure_indexes()
    Lateness(database, (), _now).ensure_indexes()
    WaitingReceipts(database).ensure_indexes()
    ensure_simulator_indexes(database)


def _text_messages(settings: NotifySettings, database: Database[Document]) -> Failover:
    reports = read_tokens(settings.receipt_tokens)
    limits = SmsLimits(
        settings.sms_per_second,
        Numbers(database, Hasher.parse(settings.hashing_key), windows(settings.sms_per_number)),
        Days(database, settings.sms_per_day, _now),
    )
    simulated = SimulatedSms(Simulator("sms", database, WaitingReceipts(database)))
    return Failover(
        list(_providers(settings, simulated)),
        limits,
        Held(database),
        reports=reports,
        lateness=Lateness(database, [*reports], _now).shares,
        slow_seconds=settings.sms_slow_seconds,
    )


def _providers(settings: NotifySettings, simulated: SmsProvider) -> Iterator[SmsProvider]:
    path = settings.sms_template_codes
    texts = read_approved(path) if path else {}
    for name in settings.sms_provider_names:
        if name in VENDORS:
            yield _vendor(name)(settings, texts.get(name, {}))
        else:
            yield simulated if name == SIMULATOR else Fenced(name, _own(name)(settings))


def _vendor(name: str) -> Callable[[NotifySettings, Mapping[str, str]], SmsProvider]:
    """Its class; the vendors' programs take half a second to load, so only those named are."""
    module = importlib.import_module(f"services.notify.channels.{name}")
    found: Callable[[NotifySettings, Mapping[str, str]], SmsProvider] = getattr(
        module, name.capitalize()
    )
    return found


def _own(name: str) -> Callable[[NotifySettings], SmsGateway]:
    """A deployment's factory; SettingsError if it cannot be loaded."""
    module, _, factory = name.partition(":")
    try:
        found: Callable[[NotifySettings], SmsGateway] = getattr(
            importlib.import_module(module), factory
        )
    except (ImportError, AttributeError, ValueError) as error:
        raise SettingsError(f"TIAOJIE_SMS_PROVIDERS: {name}: {type(error).__name__}") from error
    return found


def _faults(settings: NotifySettings) -> Iterator[str]:
    """Every setting of the channels that cannot be used."""
    names = settings.sms_provider_names
    for name in names:
        if name not in {*VENDORS, SIMULATOR} and ":" not in name:
            known = ", ".join((*VENDORS, SIMULATOR))
            yield f"TIAOJIE_SMS_PROVIDERS: {name}: {known}, or package.module:factory"
        for needed in _NEEDED.get(name, ()):
            if not getattr(settings, needed):
                yield f"{PREFIX}{needed.upper()}: needed for {name}"
    if len(set(names)) < len(names):
        yield "TIAOJIE_SMS_PROVIDERS: each once"
    for name in ("aliyun_sms_endpoint", "tencent_sms_endpoint"):
        if not getattr(settings, name).startswith("https://") and not settings.is_development:
            yield f"{PREFIX}{name.upper()}: https:// outside development"
    yield from _refused(
        lambda: windows(settings.sms_per_number),
        lambda: read_tokens(settings.receipt_tokens),
        lambda: settings.push_url and Push(settings.push_url, settings.chat_timeout_seconds),
        lambda: names and Hasher.parse(settings.hashing_key),
        lambda: settings.sms_template_codes and read_approved(settings.sms_template_codes),
        *(partial(_own, name) for name in names if ":" in name),
    )


def _refused(*readers: Callable[[], object]) -> Iterator[str]:
    for read in readers:
        try:
            read()
        except SettingsError as error:
            yield str(error)


def _now() -> datetime:
    return datetime.now(UTC)
