"""Settings of the notify service: how its messages leave the house."""

from __future__ import annotations

import dataclasses

from shared.settings import Settings, setting


@dataclasses.dataclass(frozen=True, kw_only=True)
class NotifySettings(Settings):
    """Without an SMTP host or an SMS gateway, development keeps messages in its outbox; anywhere
    else the messages of that channel end as `failed` with the code `not_configured`.
    """

    smtp_host: str = setting("", "SMTP server for e-mail; empty for none.")
    smtp_port: int = setting(587, "Port of the SMTP server.")
    smtp_security: str = setting(
        "starttls",
        "`starttls` on the plain port, `tls` from the first byte, `none` on a trusted network.",
        choices=("starttls", "tls", "none"),
    )
    smtp_user: str = setting("", "User at the SMTP server; empty for no login.")
    smtp_password: str = setting("", "Password at the SMTP server.", secret=True)
    smtp_from: str = setting(
        "no-reply@tiaojie.invalid", "Sender address of e-mails; its domain ends their Message-ID."
    )
    smtp_timeout_seconds: float = setting(
        30.0,
        "Longest time until an e-mail can be handed over, and again for the hand-over, seconds.",
    )
    sms_gateway: str = setting(
        "",
        "`package.module:factory` of the SMS gateway, called with these settings; empty for none.",
    )
    sms_timeout_seconds: float = setting(
        15.0, "Longest time the SMS gateway may take over one text message, seconds."
    )
    sending_threads: int = setting(4, "Messages of one channel sent at the same time by a worker.")

    @property
    def lease_seconds(self) -> float:
        """How long one sending may take before it is taken for dead: above every time-out."""
        return 2 * max(self.smtp_timeout_seconds, self.sms_timeout_seconds) + 60
