"""Settings of the channels to people: whom they go over, and how much."""

from __future__ import annotations

import dataclasses

from shared.settings import Settings, setting


@dataclasses.dataclass(frozen=True, kw_only=True)
class ChannelSettings(Settings):
    """Without an SMTP host or an SMS provider, development simulates them and keeps messages in its
    outbox; anywhere else the messages of that channel end as `technical_failure` with the code
    `not_configured`.
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
    sms_providers: str = setting(
        "",
        "Providers of text messages, divided by commas, the preferred one first: `aliyun`, "
        "`tencent`, `simulator` (see docs/simulator.md), or `package.module:factory` of one of your "
        "own, called with these settings. Empty for none.",
    )
    sms_timeout_seconds: float = setting(
        15.0, "Longest time one SMS provider may take over one text message, seconds."
    )
    sms_slow_seconds: float = setting(
        5.0, "A provider that takes longer counts as slow; see how providers are chosen, seconds."
    )
    sms_template_codes: str = setting(
        "",
        "JSON file of the texts that vendors have approved, {vendor: {code: text}}; "
        "needed for `aliyun` and `tencent`.",
    )
    sms_per_second: float = setting(
        20.0, "Text messages a second that one worker gives one provider at most; 0 for any number."
    )
    sms_per_number: str = setting(
        "1/60,5/3600,10/86400",
        "Text messages to one number at most, over all workers: number/seconds, divided by commas. "
        "Those beyond wait, one-time codes do not. Empty for any number.",
    )
    sms_per_day: int = setting(
        1_000_000,
        "Text messages of the whole platform at most on one day: a brake on costs. The last tenth is "
        "for one-time codes; the others wait for the next day. 0 for any number.",
    )
    aliyun_access_key_id: str = setting("", "AccessKey ID at Aliyun.")
    aliyun_access_key_secret: str = setting("", "AccessKey secret at Aliyun.", secret=True)
    aliyun_sms_signature: str = setting("调解", "Signature of text messages approved at Aliyun.")
    aliyun_sms_endpoint: str = setting(
        "https://dysmsapi.aliyuncs.com", "Where Aliyun takes text messages."
    )
    tencent_secret_id: str = setting("", "SecretId at Tencent Cloud.")
    tencent_secret_key: str = setting("", "SecretKey at Tencent Cloud.", secret=True)
    tencent_sms_app_id: str = setting("", "SdkAppId of text messages at Tencent Cloud.")
    tencent_sms_signature: str = setting(
        "调解", "Signature of text messages approved at Tencent Cloud."
    )
    tencent_sms_region: str = setting("ap-guangzhou", "Region of text messages at Tencent Cloud.")
    tencent_sms_endpoint: str = setting(
        "https://sms.tencentcloudapi.com", "Where Tencent Cloud takes text messages."
    )
    receipt_tokens: str = setting(
        "",
        "Secrets in the addresses that providers send receipts to, `aliyun=…,tencent=…`; without "
        "one, receipts of that provider are not taken.",
        secret=True,
    )
    push_url: str = setting(
        "",
        "Apprise URL of your push service with `{device}` in it, for example "
        "`barks://push.example.cn/{device}`; empty: no pushes to apps.",
        secret=True,
    )
    chat_timeout_seconds: float = setting(
        8.0, "Longest time a chat robot or push service may take over one message, seconds."
    )
    sending_threads: int = setting(4, "Messages of one channel sent at the same time by a worker.")

    @property
    def sms_provider_names(self) -> tuple[str, ...]:
        return tuple(name.strip() for name in self.sms_providers.split(",") if name.strip())

    @property
    def lease_seconds(self) -> float:
        """How long one sending may take before it is taken for dead: above every time-out, several
        providers in turn included."""
        of_sms = self.sms_timeout_seconds * max(1, len(self.sms_provider_names))
        return 2 * max(self.smtp_timeout_seconds, of_sms, self.chat_timeout_seconds) + 60
