"""Receipts over HTTP, in the form of each provider and answered as it expects.

Providers sign nothing. The address that a provider is given carries a secret of its own (`token`),
which the gateway does not log; without it the address does not exist. Whatever names no message of
ours is answered like everything else: the provider has done its part.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hmac import compare_digest
from typing import Any, Final

from flask import request
from marshmallow import INCLUDE

from services.notify.people.receipt_forms import READERS, read_all
from services.notify.people.receipts import Receipts
from shared.asking import json_bytes
from shared.contracts import answers as show
from shared.contracts.answers import Shown
from shared.contracts.faults import fault
from shared.contracts.fields import Flag, Str
from shared.contracts.schema import Body, parse_json
from shared.errors import Refused
from shared.web import Route

ENTRIES_MOST: Final = 500

_ANSWERS: Final[Mapping[str, Mapping[str, Any]]] = {
    "aliyun": {"code": 0, "msg": "成功"},
    "tencent": {"result": 0, "errmsg": "OK"},
    "simulator": {"received": True},
}


class Token(Body):
    """The secret in the address that a provider was given."""

    token = Str("令牌", 200)


class _Entry(Body):
    """One receipt; members that are not described are ignored."""

    class Meta:
        unknown = INCLUDE


class AliyunReceipt(_Entry):
    """An entry of Aliyun's SmsReport."""

    phone_number = Str("手机号码", 32)
    send_time = Str("发送时间", 32)
    report_time = Str("状态报告时间", 32)
    success = Flag("是否成功")
    err_code = Str("状态报告编码", 128)
    err_msg = Str("状态报告说明", 500)
    sms_size = Str("短信长度", 8)
    biz_id = Str("发送回执编号", 128)
    out_id = Str("外部流水号", 128)


class TencentReceipt(_Entry):
    """An entry of Tencent Cloud's status callback."""

    user_receive_time = Str("接收时间", 32)
    nationcode = Str("国家（地区）码", 8)
    mobile = Str("手机号码", 32)
    report_status = Str("接收状态", 16)
    errmsg = Str("状态码", 128)
    description = Str("状态描述", 500)
    sid = Str("发送标识", 128)


class SimulatorReceipt(_Entry):
    """What becomes of a message that the simulator has taken."""

    message_id = Str("消息编号", 128)
    delivered = Flag("是否送达")


class AliyunTaken(Shown):
    """What Aliyun expects."""

    code = show.count("0: taken")
    msg = show.text("in words")


class TencentTaken(Shown):
    """What Tencent Cloud expects."""

    result = show.count("0: taken")
    errmsg = show.text("in words")


class SimulatorTaken(Shown):
    """For programs of our own."""

    received = show.always(True, "taken")


@dataclass(frozen=True, slots=True)
class ReceiptDesk:
    """What the view works with; made once per process by `app`."""

    receipts: Receipts
    tokens: Mapping[str, str]

    def take(self, provider: str) -> Mapping[str, Any]:
        wanted = self.tokens.get(provider)
        given = request.args.get("token", "")
        if wanted is None or not compare_digest(given.encode(), wanted.encode()):
            raise Refused("not_found")
        entries = parse_json(json_bytes())
        if not isinstance(entries, list):
            raise Refused("validation_failed", errors=[fault("wrong_type").at("")])
        if len(entries) > ENTRIES_MOST:
            raise Refused("validation_failed", errors=[fault("too_many", ENTRIES_MOST).at("")])
        self.receipts.take(list(read_all(provider, entries, datetime.now(UTC))))
        return _ANSWERS[provider]


def routes(desk: ReceiptDesk) -> Sequence[Route]:
    """Receiving receipts."""
    return (
        Route(
            "POST", "/v1/message-receipts/{provider}", desk.take,
            "Tell what became of text messages (for providers)",
            body=(AliyunReceipt, TencentReceipt, SimulatorReceipt), body_most=ENTRIES_MOST,
            query=Token, choices={"provider": tuple(READERS)},
            answer=(AliyunTaken, TencentTaken, SimulatorTaken),
            refusals=("not_found", "validation_failed", "malformed_json", "body_too_large",
                      "unsupported_media_type"),
        ),
    )  # fmt: skip
