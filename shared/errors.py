"""The fate of every error, in one place.

    TiaojieError
    ├── Refused     the caller's fault or a rule: 4xx problem+json; as a message: acknowledged, logged
    ├── Transient   cannot work now: 503 with Retry-After; as a message: tried again later
    │   └── BackendAway   the database itself is away: the consumer holds all its messages
    └── Permanent   a bug or an unreadable message: 500; as a message: set aside with its reason

Any other exception is treated as Permanent. Problem documents follow RFC 9457.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

Language = Literal["zh", "en"]


class Text(NamedTuple):
    """One sentence in both languages of the product."""

    zh: str
    en: str

    def to(self, language: Language) -> str:
        return self.en if language == "en" else self.zh


class Problem(NamedTuple):
    """A kind of refusal: its HTTP status and its title."""

    status: int
    title: Text


PROBLEMS: Mapping[str, Problem] = {
    "malformed_json": Problem(400, Text("请求内容不是有效的 JSON", "The body is not valid JSON")),
    "validation_failed": Problem(422, Text("填写内容有误，请核对", "Some fields need attention")),
    "body_too_large": Problem(413, Text("请求内容过大", "The body is too large")),
    "unsupported_media_type": Problem(
        415, Text("请以 application/json 提交", "Send the body as application/json")
    ),
    "not_found": Problem(404, Text("没有找到", "Not found")),
    "method_not_allowed": Problem(405, Text("不支持该操作", "Method not allowed")),
    "unauthorised": Problem(401, Text("请先登录", "A valid token is required")),
    "query_code_wrong": Problem(
        403, Text("查询码不正确或已过期", "The query code is wrong or has expired")
    ),
    "forbidden": Problem(403, Text("无权进行该操作", "You may not do this")),
    "serial_checksum": Problem(
        422, Text("流水号有误，请核对每一位数字", "The serial number has a mistyped digit")
    ),
    "too_many_attempts": Problem(
        429, Text("尝试次数过多，请稍后再试", "Too many attempts, try again later")
    ),
    "idempotency_key_reused": Problem(
        422,
        Text(
            "该 Idempotency-Key 已用于另一份申请", "The Idempotency-Key was used for another body"
        ),
    ),
    "idempotency_key_in_progress": Problem(
        409, Text("相同请求正在处理，请稍候", "The same request is still being processed")
    ),
    "idempotency_key_invalid": Problem(
        422,
        Text(
            "Idempotency-Key 应为 1 至 255 个可见字符",
            "Idempotency-Key: 1 to 255 visible characters",
        ),
    ),
    "command_not_allowed": Problem(
        409, Text("案件当前状态不允许该操作", "The case's status does not allow this command")
    ),
    "rule_not_met": Problem(409, Text("不符合该操作的条件", "A rule stands against this command")),
    "question_not_open": Problem(
        409, Text("该事项无需答复或已结束", "Nothing is asked of you, or it has been settled")
    ),
    "sessions_overlap": Problem(
        409, Text("该时段已有其他安排", "There is another session at that time")
    ),
    "phone_not_verified": Problem(403, Text("请先验证手机号", "Verify the phone number first")),
    "version_conflict": Problem(
        412, Text("内容已被他人更新，请刷新后重试", "It has changed since you read it")
    ),
    "version_required": Problem(
        428, Text("请用 If-Match 注明所见版本", "State the version you saw in If-Match")
    ),
    "capacity_exceeded": Problem(
        409, Text("该调解员在办案件已满", "The mediator has no capacity left")
    ),
    "not_eligible": Problem(
        409,
        Text("所选调解组织或调解员不能办理该案", "The chosen body or person cannot take this case"),
    ),
    "evidence_refused": Problem(422, Text("材料未能接收", "The evidence file was refused")),
    "draft_expired": Problem(
        404, Text("草稿不存在或已过期", "The draft does not exist or has expired")
    ),
    "cursor_expired": Problem(
        410,
        Text(
            "游标所指事件已超出保留期，请从 oldest 继续",
            "The events behind this cursor are no longer kept: go on from `oldest`",
        ),
    ),
    "feed_busy": Problem(
        503,
        Text("等待或接收事件的连接过多，请稍后重试", "Too many readers wait for events, try again"),
    ),
    "subscription_not_ready": Problem(
        409,
        Text(
            "订阅当前状态不允许该操作，见 subscription_status",
            "The subscription's status does not allow this, see `subscription_status`",
        ),
    ),
    "subscription_exists": Problem(
        409,
        Text("已有相同的订阅，见 subscription", "There is such a subscription: see `subscription`"),
    ),
    "too_many_subscriptions": Problem(
        409,
        Text(
            "该渠道的订阅已达上限，请先删除不用的", "The channel has all subscriptions it may have"
        ),
    ),
    "amqp_not_offered": Problem(
        409,
        Text(
            "本平台未开通 AMQP 队列，请使用 Webhook 或事件流",
            "There are no AMQP queues here: use webhooks or the feed",
        ),
    ),
    "too_many_queues": Problem(
        409,
        Text("该渠道的队列已达上限，请先删除不用的", "The channel has all the queues it may have"),
    ),
    "policy_unreadable": Problem(
        422,
        Text(
            "文件未能导入，请按 faults 所列修改", "The file was not imported: see `faults` by line"
        ),
    ),
    "search_too_wide": Problem(
        422,
        Text(
            "查询范围过大，请缩小时间范围或指定流水号",
            "The search takes too long: narrow the time, or name a serial number",
        ),
    ),
    "resend_not_allowed": Problem(409, Text("该消息不能重发", "The message cannot be sent again")),
    "confirmation_needed": Problem(
        409,
        Text("该消息可能已送达，请确认后重发", "It may have arrived: confirm to send it again"),
    ),
    "full": Problem(
        503,
        Text(
            "系统繁忙，请稍后重试；已提交的申请不受影响", "The system is busy; nothing was stored"
        ),
    ),
    "unavailable": Problem(
        503,
        Text(
            "服务暂时不可用，请稍后重试",
            "A back-end is away, try again; with the same Idempotency-Key nothing is done twice",
        ),
    ),
    "internal": Problem(500, Text("系统内部错误", "Internal error")),
}


@dataclass(frozen=True, slots=True)
class FieldError:
    """One fault at one place of a body.

    `pointer` is a JSON Pointer (RFC 6901) into the request body, "" for the body itself;
    `code` a key of a message catalogue; `message` in both languages, never quoting a value.
    """

    pointer: str
    code: str
    message: Text


class TiaojieError(Exception):
    """Whatever the product itself raises."""


class Refused(TiaojieError):
    """The request is refused; `slug` names one of PROBLEMS, `extra` joins the problem document."""

    def __init__(
        self,
        slug: str,
        detail: Text | None = None,
        *,
        errors: Sequence[FieldError] = (),
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(slug)
        self.slug = slug
        self.problem = PROBLEMS[slug]
        self.detail = detail
        self.errors = tuple(errors)
        self.extra = dict(extra or {})


class Transient(TiaojieError):
    """A back-end is away or slow; the same work may succeed after `retry_after` seconds."""

    def __init__(self, reason: str, *, slug: str = "unavailable", retry_after: int = 5) -> None:
        super().__init__(reason)
        self.slug = slug
        self.problem = PROBLEMS[slug]
        self.retry_after = retry_after


class BackendAway(Transient):
    """The database does not answer: no message can be applied until it does."""


class Permanent(TiaojieError):
    """Trying again cannot help; `reason` is safe to show to operators (no personal data)."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
