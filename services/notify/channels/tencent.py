"""Text messages over Tencent Cloud (腾讯云短信), with its own program for SMS 2021-01-11.

Its program signs (TC3-HMAC-SHA256) and never tries again by itself: it is given no retryer, and
`transport` would refuse a second connection. What it answers is told in our own codes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from services.notify.channels import Accepted, HandedOverUnknown
from services.notify.channels.approved import ApprovedTexts
from services.notify.channels.transport import passing, session
from services.notify.channels.verdicts import (
    Limited,
    Verdicts,
    judged,
    later,
    ours,
    refused,
    unknown,
    unspoken,
)
from services.notify.settings import NotifySettings

_DAY_SECONDS: Final = 6 * 3600.0
"""After a limit of a day: its day is not ours, so look again a few times."""

VERDICTS: Final[Verdicts] = {
    "": ours("vendor_refused"),
    "AuthFailure": ours("access"),
    "AuthFailure.SignatureExpire": ours("clock"),
    "FailedOperation.ContainSensitiveWord": refused("content_refused"),
    "FailedOperation.InsufficientBalance": ours("balance"),
    "FailedOperation.MissingSign": ours("signature"),
    "FailedOperation.MissingTemplate": ours("template"),
    "FailedOperation.NotEnterpriseCertification": ours("account"),
    "FailedOperation.PhoneNumberInBlacklist": refused("number_blocked"),
    "FailedOperation.PhoneNumberParseFail": refused("number_invalid"),
    "FailedOperation.Sign": ours("signature"),
    "FailedOperation.Template": ours("template"),
    "FailedOperation.TemplateParam": ours("template_values"),
    "InternalError": later("vendor_error"),
    "InternalError.ParseBackendResponseFail": unknown("vendor_timeout"),
    "InternalError.RequestTimeException": ours("clock"),
    "InternalError.SendAndRecvFail": unknown("vendor_timeout"),
    "InternalError.Sig": ours("access"),
    "InternalError.Timeout": unknown("vendor_timeout"),
    "InvalidParameter.AppidAndBizId": ours("account"),
    "InvalidParameter.DirtyWordFound": refused("content_refused"),
    "InvalidParameterValue.ContentLengthLimit": ours("template_values"),
    "InvalidParameterValue.IncorrectPhoneNumber": refused("number_invalid"),
    "InvalidParameterValue.ProhibitedUseUrlInTemplateParameter": refused("content_refused"),
    "InvalidParameterValue.SdkAppIdNotExist": ours("account"),
    "InvalidParameterValue.TemplateParameter": ours("template_values"),
    "InvalidParameterValue.UnsupportedTemplateVariable": ours("template"),
    "LimitExceeded": Limited("vendor_limit", 60.0),
    "LimitExceeded.App": Limited("vendor_limit", 3600.0),
    "LimitExceeded.AppCountryOrRegionInBlacklist": ours("region"),
    "LimitExceeded.DailyLimit": Limited("vendor_limit", 3600.0),
    "LimitExceeded.GlobalSmsSendingRateLimit": Limited("vendor_rate", 2.0),
    "LimitExceeded.PhoneNumberDailyLimit": Limited("vendor_limit", _DAY_SECONDS),
    "LimitExceeded.PhoneNumberOneHourLimit": Limited("vendor_limit", 3600.0),
    "LimitExceeded.PhoneNumberSameContentDailyLimit": Limited("vendor_limit", _DAY_SECONDS),
    "LimitExceeded.PhoneNumberThirtySecondLimit": Limited("vendor_limit", 30.0),
    "RequestLimitExceeded": Limited("vendor_rate", 2.0),
    "ResourceUnavailable": later("vendor_error"),
    "UnauthorizedOperation": ours("access"),
    "UnauthorizedOperation.SdkAppIdIsDisabled": ours("account"),
    "UnauthorizedOperation.ServiceSuspendDueToArrears": ours("balance"),
    "UnsupportedOperation": ours("region"),
}


class Tencent:
    """Tencent Cloud as a provider. It takes no idempotency keys: `SessionContext` only comes back."""

    name = "tencent"
    takes_keys = False

    def __init__(self, settings: NotifySettings, texts: Mapping[str, str]) -> None:
        self._texts = ApprovedTexts(self.name, texts, settings.tencent_sms_signature)
        self._settings = settings
        self._session = session(settings.sms_timeout_seconds)

    def send(
        self, to: str, text: str, reference: str, handing_over: Callable[[], None]
    ) -> Accepted:
        from tencentcloud.common.exception import TencentCloudSDKException

        ordered = self._texts.find(text)
        request = self._request(to, ordered.code, list(ordered.values.values()), reference)
        with passing(handing_over) as passage:
            try:
                (status,) = self._client().SendSms(request).SendStatusSet
            except TencentCloudSDKException as error:
                if passage.status is None:
                    raise passage.failure() from None
                if _is_the_vendors(error.code):
                    raise judged(VERDICTS, error.code) from None
                raise unspoken(passage.status) from None
            except (TypeError, ValueError):
                raise HandedOverUnknown("unreadable") from None
        if status.Code == "Ok":
            return Accepted(status.SerialNo)
        raise judged(VERDICTS, status.Code) if status.Code else HandedOverUnknown("unreadable")

    def _client(self) -> Any:
        """A client for one call: nothing in it is promised to be safe between threads."""
        from tencentcloud.common.credential import Credential
        from tencentcloud.common.profile.client_profile import ClientProfile
        from tencentcloud.common.profile.http_profile import HttpProfile
        from tencentcloud.sms.v20210111.sms_client import SmsClient

        scheme, _, host = self._settings.tencent_sms_endpoint.partition("://")
        profile = ClientProfile(
            signMethod="TC3-HMAC-SHA256",
            httpProfile=HttpProfile(protocol=scheme, endpoint=host),
            disable_region_breaker=True,  # it would ask another region by itself
        )
        credential = Credential(self._settings.tencent_secret_id, self._settings.tencent_secret_key)
        client = SmsClient(credential, self._settings.tencent_sms_region, profile)
        client.request.conn._session = self._session  # noqa: SLF001 - no other way in
        return client

    def _request(self, to: str, code: str, values: list[str], reference: str) -> Any:
        from tencentcloud.sms.v20210111.models import SendSmsRequest

        request = SendSmsRequest()
        request.PhoneNumberSet = [to]
        request.SmsSdkAppId = self._settings.tencent_sms_app_id
        request.SignName = self._settings.tencent_sms_signature
        request.TemplateId = code
        request.TemplateParamSet = values
        request.SessionContext = reference
        return request


def _is_the_vendors(code: object) -> bool:
    """Whether it is a code of the vendor's answer, not one its program made of an exception."""
    return isinstance(code, str) and (
        "." in code or any(code.startswith(known) for known in VERDICTS if known)
    )
