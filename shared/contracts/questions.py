"""What the parties of a case are asked, and what they can answer.

One mechanism for every act of a party that a case waits for. routing asks and decides what an
answer means; intake lets the party in and takes the answer; progress shows what is open.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from shared.errors import Text


@dataclass(frozen=True, slots=True)
class QuestionKind:
    """A kind of question with its possible answers; none listed: the question itself lists them."""

    text: Text
    answers: Mapping[str, Text]


_AGREE = {"agree": Text("同意", "I agree"), "decline": Text("不同意", "I do not agree")}

QUESTIONS: Mapping[str, QuestionKind] = {
    "consent": QuestionKind(
        Text("是否同意通过调解解决争议", "Do you agree to mediate this dispute"), _AGREE
    ),
    "mediator": QuestionKind(Text("请选择调解员", "Choose a mediator"), {}),
    "session": QuestionKind(
        Text("能否按时参加调解会", "Can you take part in the session"),
        {
            "confirm": Text("按时参加", "I will be there"),
            "another_time": Text("希望另约时间", "Please find another time"),
        },
    ),
    "extension": QuestionKind(
        Text("是否同意延长调解期限", "Do you agree to extend the mediation"), _AGREE
    ),
    "signature": QuestionKind(
        Text("是否签署调解协议", "Do you sign the agreement"),
        {"sign": Text("确认签署", "I sign"), "decline": Text("不签署", "I do not sign")},
    ),
    "referral": QuestionKind(
        Text("是否愿意转介", "Do you want this referral"),
        {"willing": Text("愿意", "Yes"), "unwilling": Text("不愿意", "No")},
    ),
}
"""Every kind of question."""

PARTIES: tuple[str, ...] = ("applicant", "respondent")
"""Who is asked; an agent answers in its party's place, as far as its authority goes."""

MEANS: Mapping[str, Text] = {
    "application": Text("提交申请", "by applying"),
    "code": Text("凭码网上确认", "online, with the code"),
    "token": Text("实名登录确认", "online, logged in"),
    "phone": Text("电话", "by phone"),
    "paper": Text("书面", "on paper"),
    "in_person": Text("当面", "in person"),
}
"""How an answer was given; the first three by the party itself, the others recorded by staff."""

OPEN, SETTLED, WITHDRAWN = "open", "settled", "withdrawn"
QUESTION_STATES: tuple[str, ...] = (OPEN, SETTLED, WITHDRAWN)
