"""Settings of the notify service: how its messages and events leave the house."""

from __future__ import annotations

import dataclasses
from typing import Self

from services.notify.channel_settings import ChannelSettings
from shared.settings import PREFIX, SettingsError, setting


@dataclasses.dataclass(frozen=True, kw_only=True)
class NotifySettings(ChannelSettings):
    """Those of the channels to people, and those of partner channels."""

    quiet_hours: str = setting(
        "22-8",
        "Hours of the mainland's day at which no phone rings for what is not urgent; empty for none.",
    )
    amqp_management_url: str = setting(
        "",
        "RabbitMQ's management interface with an administrator's name and password, "
        "`https://user:password@host:15671`; empty: partners get no queues of their own.",
        secret=True,
    )
    amqp_management_ca: str = setting(
        "", "File of the authorities its certificate is checked against; empty: the system's."
    )
    partner_amqp_url: str = setting(
        "",
        "Where partners reach RabbitMQ, `amqps://host:5671`, several divided by commas; "
        "`amqp://` is for development. Empty: partners get no queues of their own.",
    )
    feed_readers: int = setting(
        16,
        "Readers that wait for events or stream them at a time, in one web process; each holds one "
        "of its threads (`TIAOJIE_WEB_THREADS`, 32).",
    )
    feed_readers_of_channel: int = setting(4, "Of these, at most so many of one channel.")
    feed_stream_seconds: float = setting(
        300.0, "A stream of events ends after so long, seconds; its reader connects again."
    )
    partner_event_days: float = setting(
        90.0, "How long partners can read and replay an event and see its deliveries, days."
    )
    partner_timeout_seconds: float = setting(
        15.0,
        "Longest time a call to a partner's endpoint may take until its whole answer, seconds.",
    )
    partner_pause_hours: float = setting(
        24.0, "A webhook that takes nothing for so long is paused, and its partner told, hours."
    )
    partner_allow_loopback: bool = setting(
        False, "Lets webhooks of `http://` and of this machine in; refused outside development."
    )

    @classmethod
    def load(cls) -> Self:
        settings = super().load()
        if settings.partner_allow_loopback and not settings.is_development:
            raise SettingsError(f"{PREFIX}PARTNER_ALLOW_LOOPBACK: development only")
        return settings
