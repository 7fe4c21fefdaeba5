"""Both SMS vendors with their own programs, against stand-ins that check every signature."""

from __future__ import annotations

import socket
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from services.notify.channels import (
    Accepted,
    HandedOverUnknown,
    NotNow,
    NotSent,
    OursToMend,
    RefusedForGood,
    TryLater,
)
from services.notify.channels.aliyun import Aliyun
from services.notify.channels.tencent import Tencent
from services.notify.settings import NotifySettings
from tests.builders.vendors import (
    CLOSE,
    ENDLESS,
    HANG,
    KEY,
    SECRET,
    AliyunVendor,
    Http,
    Says,
    StandIn,
    TencentVendor,
    vendor,
)

REFERENCE = "4f2b" * 10
TO = "+8613800000011"
WORDS = "【调解】案件（流水号：2634 6268 8508 6477）由济南市调解中心办理。"
KINDS = {
    "aliyun": (Aliyun, AliyunVendor, "案件（流水号：${serial_number}）由${organisation}办理。"),
    "tencent": (Tencent, TencentVendor, "案件（流水号：{1}）由{2}办理。"),
}


@dataclass
class Bench:
    """A provider, the stand-in it talks to, and what it said about handing over."""

    name: str
    vendor: StandIn
    settings: NotifySettings
    fenced: list[str] = field(default_factory=list)

    def send(self, words: str = WORDS, to: str = TO, **settings: Any) -> Accepted:
        kind, _, text = KINDS[self.name]
        provider = kind(replace(self.settings, **settings), {"T_1": text})
        return provider.send(to, words, REFERENCE, lambda: self.fenced.append(REFERENCE))

    def refused(self, **changes: Any) -> NotSent:
        with pytest.raises(NotSent) as refused:
            self.send(**changes)
        return refused.value


@pytest.fixture(params=sorted(KINDS))
def bench(request):
    with vendor(KINDS[request.param][1]) as stand_in:
        yield Bench(
            request.param,
            stand_in,
            NotifySettings(
                environment="development",
                sms_timeout_seconds=10.0,  # ample on a busy machine
                aliyun_access_key_id=KEY,
                aliyun_access_key_secret=SECRET,
                aliyun_sms_endpoint=stand_in.endpoint,
                tencent_secret_id=KEY,
                tencent_secret_key=SECRET,
                tencent_sms_app_id="1400000000",
                tencent_sms_endpoint=stand_in.endpoint,
            ),
        )


def an_end(error: NotSent) -> tuple[type[NotSent], str]:
    return type(error), error.code


def test_a_message_is_ordered_with_its_template_its_values_and_our_reference(bench):
    accepted = bench.send()
    (order,) = bench.vendor.orders
    assert bench.fenced == [REFERENCE]
    if bench.name == "aliyun":
        assert accepted == Accepted("biz-4f2b4f")
        assert order["action"] == ("SendSms", "2017-05-25")
        assert (order["PhoneNumbers"], order["SignName"]) == ("13800000011", "调解")
        assert (order["TemplateCode"], order["OutId"]) == ("T_1", REFERENCE)
        assert order["values"] == {
            "serial_number": "2634 6268 8508 6477", "organisation": "济南市调解中心",
        }  # fmt: skip
    else:
        assert accepted == Accepted("sid-4f2b4f")
        assert (order["action"], order["region"]) == (("SendSms", "2021-01-11"), "ap-guangzhou")
        assert (order["PhoneNumberSet"], order["SignName"]) == ([TO], "调解")
        assert (order["TemplateId"], order["SessionContext"]) == ("T_1", REFERENCE)
        assert order["SmsSdkAppId"] == "1400000000"
        assert order["TemplateParamSet"] == ["2634 6268 8508 6477", "济南市调解中心"]


def test_many_messages_of_many_threads_each_have_a_connection_of_their_own(bench):
    for _ in range(5):
        bench.send()
    assert bench.vendor.requests == len(bench.fenced) == 5


@pytest.mark.parametrize(
    "settings",
    [
        {"aliyun_access_key_secret": "another", "tencent_secret_key": "another"},
        {"aliyun_access_key_id": "another", "tencent_secret_id": "another"},
    ],
)
def test_a_wrong_secret_or_key_is_ours_to_mend(bench, settings):
    assert an_end(bench.refused(**settings)) == (OursToMend, "access")
    assert bench.vendor.orders == []


CODES = [
    ("aliyun", "isv.MOBILE_NUMBER_ILLEGAL", RefusedForGood, "number_invalid"),
    ("aliyun", "isv.BLACK_KEY_CONTROL_LIMIT", RefusedForGood, "content_refused"),
    ("aliyun", "isv.SMS_SIGNATURE_ILLEGAL", OursToMend, "signature"),
    ("aliyun", "isv.SMS_TEMPLATE_ILLEGAL", OursToMend, "template"),
    ("aliyun", "isv.TEMPLATE_MISSING_PARAMETERS", OursToMend, "template_values"),
    ("aliyun", "isv.AMOUNT_NOT_ENOUGH", OursToMend, "balance"),
    ("aliyun", "isv.SOMETHING_NEW", OursToMend, "vendor_refused"),
    ("aliyun", "isv.DAY_LIMIT_CONTROL", NotNow, "vendor_limit"),
    ("aliyun", "Throttling.User", NotNow, "vendor_rate"),
    ("aliyun", "isp.SYSTEM_ERROR", TryLater, "vendor_error"),
    ("tencent", "FailedOperation.PhoneNumberInBlacklist", RefusedForGood, "number_blocked"),
    ("tencent", "InvalidParameterValue.IncorrectPhoneNumber", RefusedForGood, "number_invalid"),
    ("tencent", "FailedOperation.ContainSensitiveWord", RefusedForGood, "content_refused"),
    ("tencent", "FailedOperation.SignatureIncorrectOrUnapproved", OursToMend, "signature"),
    ("tencent", "FailedOperation.TemplateUnapprovedOrNotExist", OursToMend, "template"),
    ("tencent", "FailedOperation.InsufficientBalanceInSmsPackage", OursToMend, "balance"),
    ("tencent", "UnauthorizedOperation.ServiceSuspendDueToArrears", OursToMend, "balance"),
    ("tencent", "SomethingNew.Here", OursToMend, "vendor_refused"),
    ("tencent", "LimitExceeded.PhoneNumberOneHourLimit", NotNow, "vendor_limit"),
    ("tencent", "RequestLimitExceeded", NotNow, "vendor_rate"),
    ("tencent", "InternalError.UnknownError", TryLater, "vendor_error"),
    ("tencent", "InternalError.Timeout", HandedOverUnknown, "vendor_timeout"),
]


@pytest.mark.parametrize(
    "bench, code, kind, ours", CODES, indirect=["bench"], ids=[code for _, code, _, _ in CODES]
)
def test_what_a_vendors_codes_mean(bench, code, kind, ours):
    bench.vendor.will(Says(code, "触发限制 13800000011"))
    assert an_end(bench.refused()) == (kind, ours)
    assert bench.vendor.requests == 1


def test_how_long_a_limit_stands_is_read_from_what_the_vendor_says(bench):
    codes = {
        "aliyun": [("isv.BUSINESS_LIMIT_CONTROL", "触发分钟级流控Permits:1", 60),
                   ("isv.BUSINESS_LIMIT_CONTROL", "触发小时级流控Permits:5", 3600),
                   ("isv.BUSINESS_LIMIT_CONTROL", "触发天级流控Permits:10", 21600)],
        "tencent": [("LimitExceeded.PhoneNumberThirtySecondLimit", "", 30),
                    ("LimitExceeded.PhoneNumberOneHourLimit", "", 3600),
                    ("LimitExceeded.PhoneNumberDailyLimit", "", 21600)],
    }  # fmt: skip
    for code, message, seconds in codes[bench.name]:
        bench.vendor.will(Says(code, message))
        refused = bench.refused()
        assert isinstance(refused, NotNow)
        assert refused.seconds == seconds


@pytest.mark.parametrize(
    "answer, kind, code",
    [
        (HANG, HandedOverUnknown, "timeout"),
        (CLOSE, HandedOverUnknown, "connection"),
        (ENDLESS, HandedOverUnknown, "connection"),
        (Http(502), HandedOverUnknown, "http_502"),
        (Http(200), HandedOverUnknown, "unreadable"),
        (Http(200, b"{}"), HandedOverUnknown, "unreadable"),
        (Http(302), HandedOverUnknown, "http_302"),
        (Http(503), TryLater, "http_503"),
    ],
)
def test_after_the_request_was_written_no_answer_means_it_may_have_been_sent(
    bench, answer, kind, code
):
    bench.vendor.will(answer)
    patience = {"sms_timeout_seconds": 1.0} if answer is HANG else {}
    assert an_end(bench.refused(**patience)) == (kind, code)
    assert bench.fenced == [REFERENCE]
    assert bench.vendor.requests == 1, "its program must not try again by itself"


def test_nobody_is_followed_to_another_place(bench):
    with vendor(KINDS[bench.name][1]) as elsewhere:
        bench.vendor.will(Http(307, location=f"{elsewhere.endpoint}/?token=1"))
        assert an_end(bench.refused()) == (HandedOverUnknown, "http_307")
        assert elsewhere.requests == 0


def endpoints(endpoint: str) -> dict[str, str]:
    return {"aliyun_sms_endpoint": endpoint, "tencent_sms_endpoint": endpoint}


def test_a_refused_connection_hands_nothing_over(bench):
    with socket.create_server(("127.0.0.1", 0)) as free:
        closed = f"http://127.0.0.1:{free.getsockname()[1]}"
    assert an_end(bench.refused(**endpoints(closed))) == (TryLater, "connection")
    assert bench.fenced == []


def test_a_connection_that_is_not_secure_hands_nothing_over(bench):
    secure = bench.vendor.endpoint.replace("http://", "https://")
    assert an_end(bench.refused(**endpoints(secure))) == (TryLater, "tls")
    assert bench.fenced == []


def test_a_host_that_does_not_take_connections_in_time_was_handed_nothing(bench):
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        address = full.getsockname()
        waiting = [socket.socket() for _ in range(4)]
        for one in waiting:  # they fill the queue of the server, which accepts none
            one.setblocking(False)
            one.connect_ex(address)
        assert an_end(bench.refused(**endpoints(f"http://127.0.0.1:{address[1]}"))) == (
            TryLater,
            "timeout",
        )
        for one in waiting:
            one.close()
    assert bench.fenced == []


class Lost(Exception):
    """Somebody else has the message."""


def test_nothing_is_written_when_the_message_may_no_longer_be_sent(bench):
    kind, _, text = KINDS[bench.name]

    def lost() -> None:
        raise Lost

    with pytest.raises(Lost):
        kind(bench.settings, {"T_1": text}).send(TO, WORDS, REFERENCE, lost)
    assert bench.vendor.requests == 0


def test_a_message_without_an_approved_text_goes_nowhere(bench):
    assert an_end(bench.refused(words=f"{WORDS}！")) == (OursToMend, "no_approved_template")
    assert (bench.vendor.requests, bench.fenced) == (0, [])


def test_a_number_abroad_keeps_its_country(bench):
    bench.send(to="+85291234567")
    (order,) = bench.vendor.orders
    assert order.get("PhoneNumbers", order.get("PhoneNumberSet")) in (
        "85291234567",
        ["+85291234567"],
    )


def test_no_code_quotes_the_vendor(bench):
    bench.vendor.will(Says("InternalError", "13800000011 秘密"))
    assert bench.refused().code == "vendor_error"
