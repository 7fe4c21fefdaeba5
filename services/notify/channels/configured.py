"""Which channels there are, as the settings say."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from services.notify.channels import Channel, Unconfigured
from services.notify.channels.email import Email
from services.notify.channels.sms import Sms, SmsGateway
from services.notify.settings import NotifySettings
from shared.settings import SettingsError

if TYPE_CHECKING:
    from pymongo.database import Database


def configured(settings: NotifySettings, database: Database[dict[str, Any]]) -> dict[str, Channel]:
    """The channel for each kind of message; SettingsError for a gateway that cannot be loaded."""
    channels: dict[str, Channel] = {"sms": Unconfigured(), "email": Unconfigured()}
    if settings.is_development:
        from services.notify.channels.development import channels_of

        channels = channels_of(database)
    if settings.sms_gateway:
        channels["sms"] = Sms(_gateway(settings))
    if settings.smtp_host:
        channels["email"] = Email(settings)
    return channels


def _gateway(settings: NotifySettings) -> SmsGateway:
    module, _, factory = settings.sms_gateway.partition(":")
    try:
        gateway: SmsGateway = getattr(importlib.import_module(module), factory)(settings)
    except (ImportError, AttributeError, ValueError) as error:
        raise SettingsError(f"TIAOJIE_SMS_GATEWAY: {type(error).__name__}") from error
    return gateway
