"""What is said with the commands of an agreement.

Of the legal parts of an agreement none is required here: the decision names those that are missing
together with the rule that asks for them (企业劳动争议协商调解规定 26).
"""

from __future__ import annotations

from typing import Final

from services.routing.examination_bodies import BY_STAFF
from services.routing.mediation_bodies import MOST_PARTIES, PartyPlace
from shared.contracts.fields import Amount, Choice, Count, Date, Flag, Part, Parts, Str
from shared.contracts.questions import PARTIES
from shared.contracts.schema import Body

MOST_PERSONS: Final = 1000
SIGNATORIES: Final = (*PARTIES, "mediator", "organisation")
SEAL: Final = "seal"


class Obligation(Body):
    """Who does what for whom, until when and how; `due_on` is the last day."""

    obligor = Part("履行方", PartyPlace)
    obligee = Part("权利方", PartyPlace)
    what = Str("履行内容", 1000, lines=True)
    amount_cny = Amount("金额（元）")
    due_on = Date("履行期限")
    manner = Str("履行方式", 500)


class PerPerson(Body):
    """What one of those who are represented gets."""

    index = Count("序号", most=MOST_PERSONS)
    name = Str("姓名", 100)
    amount_cny = Amount("金额（元）", required=True)


class RepresentedConsent(Body):
    """That those who are represented agree to settle: how many, and how they said so."""

    obtained = Flag("已取得被代表人同意", required=True)
    count = Count("同意人数", least=1, most=1_000_000, required=True)
    means = Choice("方式", BY_STAFF, required=True)


class RecordAgreement(Body):
    """The text of an agreement; confidential unless the parties want otherwise."""

    claims = Parts("请求事项", Str("请求", 1000, lines=True), most=20)
    result = Str("调解结果", 4000, lines=True)
    items = Parts("履行事项", Part("事项", Obligation), most=50)
    confidentiality = Flag("保密")
    remarks = Str("备注", 2000, lines=True)
    per_person = Parts("每人金额", Part("人员", PerPerson), most=MOST_PERSONS)
    represented_consent = Part("被代表人同意情况", RepresentedConsent)


class Sign(Body):
    """A signature or the organisation's seal; `by_agent` if an agent signed for the party."""

    signatory = Choice("签署人", SIGNATORIES, required=True)
    index = Count("序号", most=MOST_PARTIES)
    means = Choice("方式", ("paper", "in_person", SEAL), required=True)
    by_agent = Flag("由代理人签署")


class ResumeMediation(Body):
    """A party does not sign."""

    note = Str("说明", 2000, lines=True)
