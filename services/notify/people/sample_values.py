"""What each value of a message means, how it usually looks, and how long it can get.

Typed names are bounded where messages are planned (`values`); words of closed lists are as long as
the longest of their list. All names here are invented.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from services.notify.people.values import STOPPED
from shared.contracts.clocks import CLOCKS
from shared.contracts.lifecycle import OUTCOMES
from shared.contracts.vocabulary import (
    ADVICE,
    CATEGORIES,
    FAILURE_REASONS,
    REFERRALS,
    REFUSAL_REASONS,
)
from shared.errors import Language, Text

AUDIENCE_WORD: Final = "party"
"""The value that says who reads, to be compared with, not shown."""

SITE: Final = "site"
"""The public address of the platform, for e-mails."""


@dataclass(frozen=True, slots=True)
class Value:
    """`choices` are words of ours to compare with: such a value is not meant to be shown."""

    meaning: Text
    usual: Text
    longest: Text
    choices: tuple[str, ...] = ()

    def of(self, kind: str, language: Language) -> str:
        return (self.longest if kind == "longest" else self.usual).to(language)


def units(text: str) -> int:
    """How much room it takes in a text message, UTF-16."""
    return len(text.encode("utf-16-le")) // 2


def _named(zh: str, en: str, usual: str, most: int) -> Value:
    """A name somebody typed, cut at `most` characters."""
    return Value(Text(zh, en), Text(usual, usual), Text("名" * most, "名" * most))


def _always(zh: str, en: str, sample: str, longest: str = "") -> Value:
    """The same in both languages."""
    most = longest or sample
    return Value(Text(zh, en), Text(sample, sample), Text(most, most))


def _day(zh: str, en: str) -> Value:
    return Value(
        Text(zh, en), Text("2026年11月5日", "5 Nov 2026"), Text("2026年12月30日", "30 Dec 2026")
    )


def _word(zh: str, en: str, words: Mapping[str, Text]) -> Value:
    """A word of a closed list."""
    first, *_ = words.values()
    return Value(Text(zh, en), first, _longest(words.values()))


def _longest(words: Iterable[Text]) -> Text:
    texts = list(words)
    return Text(max((t.zh for t in texts), key=units), max((t.en for t in texts), key=units))


_ALL_ADVICE: Final = Text(
    "\n".join(f"{n}.{line.zh}" for n, line in enumerate(ADVICE.values(), start=1)),
    "\n".join(f"{n}. {line.en}" for n, line in enumerate(ADVICE.values(), start=1)),
)

_NAME_MOST: Final = 20
_TITLE_MOST: Final = 40
_DIVISION_MOST: Final = 30
_CHOICES_MOST: Final = 3

VALUES: Final[Mapping[str, Value]] = {
    AUDIENCE_WORD: _always(
        "收信人的身份，用于条件", "who reads it, for conditions", "applicant", "organisation"
    ),
    "serial_number": _always(
        "流水号，16位数字，四位一组",
        "the serial number, 16 digits in groups of four",
        "2634 6268 8508 6477",
    ),
    "query_code": _always("申请人的查询码", "the applicant's query code", "K7RM-2PXA"),
    "code": _always("被申请人的答复码", "the respondent's answer code", "B4NT-8WQY"),
    "phone_code": _always("短信验证码，6位数字", "the one-time code, 6 digits", "482913"),
    "until_time": _always("验证码有效到几点几分", "the time until which it is good", "9:51", "19:51"),
    "organisation": _named(
        "调解组织名称", "the organisation's name", "济南市历下区劳动人事争议调解中心（虚构）", _TITLE_MOST
    ),
    "organisation_phone": _always(
        "调解组织电话", "the organisation's telephone", "0531-00000002", "0" * 20
    ),
    "mediator": _named("调解员姓名", "the mediator's name", "林知远", _NAME_MOST),
    "mediators": _named(
        "可以选择的调解员姓名，用顿号隔开",
        "the names of the mediators to choose among",
        "林知远、安禾、程远林",
        _CHOICES_MOST * (_NAME_MOST + 1) - 1,
    ),
    "choices": _always("可以选择的调解员人数", "how many mediators to choose among", "3"),
    "case_number": _named("案号", "the case number", "济历劳人调〔2026〕第12号", _TITLE_MOST),
    "due_on": _day("期限的最后一天", "the last day of the term"),
    "until": _day("调解期限延长到哪一天", "the day that mediation is extended to"),
    "perform_by": _day("约定的履行期限", "the day by which the agreement is to be performed"),
    "session_time": Value(
        Text("调解会的日期和时间", "day and time of the session"),
        Text("2026年11月24日（星期二）9:30", "Tue 24 Nov 2026, 9:30"),
        Text("2026年12月30日（星期三）19:30", "Wed 30 Dec 2026, 19:30"),
    ),
    "place": _named("调解会的地点", "the place of the session", "虚构路1号3楼调解室", _TITLE_MOST),
    "refusal_reason": _word("不予受理的原因", "why the case is not accepted", REFUSAL_REASONS),
    "failure_reason": _word("调解不成的原因", "why there is no agreement", FAILURE_REASONS),
    "advice": Value(
        Text("接下来可以做什么，一行一条", "what can be done next, one a line"),
        Text("1.可以拨打12333咨询", "1. You can call 12333"),
        _ALL_ADVICE,
    ),
    "first_advice": _word("接下来首先可以做什么", "what can be done first", ADVICE),
    "right_division": _named(
        "有管辖权的地区", "the place with jurisdiction", "山东省济南市市中区", _TITLE_MOST
    ),
    "referral": _word("转介的种类", "the kind of referral", REFERRALS),
    "referral_status": Value(
        Text("转介进行到哪一步，用于条件", "how far the referral is, for conditions"),
        Text("sent", "sent"),
        Text("taken_up", "taken_up"),
        ("sent", "taken_up", "returned"),
    ),
    "outcome": _word("结案的结果", "how the case ended", OUTCOMES),
    "clock": _word("期限的名称", "the name of the term", {n: c.title for n, c in CLOCKS.items()}),
    "dimension": Value(
        Text("按什么统计异常增多", "what grows unusually"),
        Text("同一类别", "one category"),
        Text("同一用人单位", "one employer"),
    ),
    "division": _named("发生的地区", "where it grows", "山东省济南市历下区", _DIVISION_MOST),
    "category": _word("争议类别", "the category of disputes", CATEGORIES),
    "channel": _named("渠道", "the partner's channel", "app_example", _TITLE_MOST),
    "interface": _always(
        "订阅或队列的编号", "the subscription or queue", "sub_3q2-7wQbTt2hV0m8Zr1K9g",
        "amqp_3q2-7wQbTt2hV0m8Zr1K9g",
    ),
    "failure_code": _always("最近一次失败的代码", "code of the last failure", "http_500", "x" * 40),
    "stop_reason": _word("停用的原因", "why it has stopped", STOPPED),
    "since": Value(
        Text("从什么时候开始失败", "since when it fails"),
        Text("2026年11月24日（星期二）9:30", "Tue 24 Nov 2026, 9:30"),
        Text("2026年12月30日（星期三）19:30", "Wed 30 Dec 2026, 19:30"),
    ),
    "dropped": _always("未读即被移出队列的事件数", "events that left unread", "12", "1000000"),
    "count": _always("统计期内的件数", "cases within the window", "31", "10000"),
    "expected": _always("此前的平均件数", "cases on average before", "4.2", "1000.0"),
    "window_days": _always("统计期的天数", "days of the window", "7", "365"),
}  # fmt: skip
"""By the name in a wording, or of one meaning of it (`refusal_reason` is the `reason` of a refusal)."""
