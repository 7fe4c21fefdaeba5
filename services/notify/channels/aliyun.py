"""Text messages over Aliyun (阿里云短信服务), with its own program for Dysmsapi 2017-05-25.

Its program signs (ACS3-HMAC-SHA256) and never tries again by itself: without retry options it does
not, and `transport` would refuse a second connection. What it answers is told in our own codes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import orjson

from services.notify.channels import Accepted, HandedOverUnknown, NotNow, NotSent
from services.notify.channels.approved import ApprovedTexts
from services.notify.channels.transport import Passage, passing, session
from services.notify.channels.verdicts import (
    Limited,
    Verdicts,
    judged,
    later,
    ours,
    refused,
    unspoken,
)
from services.notify.settings import NotifySettings

_DAY_SECONDS: Final = 6 * 3600.0
"""After a limit of a day: its day is not ours, so look again a few times."""

VERDICTS: Final[Verdicts] = {
    "": ours("vendor_refused"),
    "isp.": later("vendor_error"),
    "isp.RAM_PERMISSION_DENY": ours("access"),
    "isv.ACCOUNT": ours("account"),
    "isv.AMOUNT_NOT_ENOUGH": ours("balance"),
    "isv.BLACK_KEY_CONTROL_LIMIT": refused("content_refused"),
    "isv.BUSINESS_LIMIT_CONTROL": Limited("vendor_limit", 60.0),
    "isv.DAY_LIMIT_CONTROL": Limited("vendor_limit", _DAY_SECONDS),
    "isv.DENY_IP_RANGE": ours("access"),
    "isv.DOMESTIC_NUMBER_NOT_SUPPORTED": ours("region"),
    "isv.INVALID": ours("template_values"),
    "isv.MOBILE_NUMBER_ILLEGAL": refused("number_invalid"),
    "isv.MONTH_LIMIT_CONTROL": ours("vendor_quota"),
    "isv.OUT_OF_SERVICE": ours("balance"),
    "isv.PARAM": ours("template_values"),
    "isv.PARAM_NOT_SUPPORT_URL": refused("content_refused"),
    "isv.PRODUCT": ours("account"),
    "isv.SECURITY_FROZEN_ACCOUNT": ours("account"),
    "isv.SIGN": ours("signature"),
    "isv.SMS_CONTENT_ILLEGAL": refused("content_refused"),
    "isv.SMS_SIGN": ours("signature"),
    "isv.SMS_TEMPLATE": ours("template"),
    "isv.TEMPLATE": ours("template_values"),
    "Forbidden": ours("access"),
    "InternalError": later("vendor_error"),
    "InvalidAccessKeyId": ours("access"),
    "InvalidTimeStamp": ours("clock"),
    "NoPermission": ours("access"),
    "ServiceUnavailable": later("vendor_error"),
    "SignatureDoesNotMatch": ours("access"),
    "IncompleteSignature": ours("access"),
    "Throttling": Limited("vendor_rate", 2.0),
}


class Aliyun:
    """Aliyun as a provider. It takes no idempotency keys: `OutId` only comes back in receipts."""

    name = "aliyun"
    takes_keys = False

    def __init__(self, settings: NotifySettings, texts: Mapping[str, str]) -> None:
        self._texts = ApprovedTexts(self.name, texts, settings.aliyun_sms_signature)
        self._signature = settings.aliyun_sms_signature
        self._client = _client(settings)

    def send(
        self, to: str, text: str, reference: str, handing_over: Callable[[], None]
    ) -> Accepted:
        from alibabacloud_dysmsapi20170525.models import SendSmsRequest

        ordered = self._texts.find(text)
        request = SendSmsRequest(
            phone_numbers=to.removeprefix("+86").removeprefix("+"),
            sign_name=self._signature,
            template_code=ordered.code,
            template_param=orjson.dumps(ordered.values).decode(),
            out_id=reference,
        )
        with passing(handing_over) as passage:
            try:
                answer = self._client.send_sms(request).body
            except Exception as error:  # noqa: BLE001 - its program raises kinds of several libraries
                raise _failure(passage, error) from None
        if answer is not None and answer.code == "OK":
            return Accepted(answer.biz_id)
        if answer is None or not answer.code:
            raise HandedOverUnknown("unreadable")
        raise refusal(answer.code, answer.message or "")


def _client(settings: NotifySettings) -> Any:
    from alibabacloud_dysmsapi20170525.client import Client
    from alibabacloud_tea_openapi.models import Config
    from darabonba.core import DaraCore

    # Its core keeps one session for each host; here every call of it goes over ours, watched.
    watched = session(settings.sms_timeout_seconds)
    if not hasattr(DaraCore, "_get_session"):
        raise RuntimeError(
            "darabonba: the program of Aliyun has another core than this is made for"
        )
    DaraCore._get_session = staticmethod(lambda *_, **__: watched)  # noqa: SLF001
    scheme, _, host = settings.aliyun_sms_endpoint.partition("://")
    return Client(
        Config(
            access_key_id=settings.aliyun_access_key_id,
            access_key_secret=settings.aliyun_access_key_secret,
            protocol=scheme.upper(),
            endpoint=host,
        )
    )


def _failure(passage: Passage, error: Exception) -> BaseException:
    """What an exception of its program means."""
    code = getattr(error, "code", None)
    if passage.status is None:
        return passage.failure()
    if isinstance(code, str) and code not in {"", "None"}:
        return refusal(code, getattr(error, "message", None) or "")
    return unspoken(passage.status)


def refusal(code: str, message: str) -> NotSent:
    """What one of Aliyun's codes means; `message` says whether a limit is of a minute, an hour or a
    day, and is not kept."""
    found = judged(VERDICTS, code)
    if isinstance(found, NotNow) and code == "isv.BUSINESS_LIMIT_CONTROL":
        if "小时级" in message:
            return NotNow(found.code, 3600.0)
        if "天级" in message:
            return NotNow(found.code, _DAY_SECONDS)
    return found
