"""What the parties can do or expect next, in every status: their rights, terms and hotlines."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from services.query.progress.following import Following
from services.query.progress.viewer import Viewer
from shared.contracts.vocabulary import ADVICE
from shared.errors import Text


@dataclass(frozen=True, slots=True)
class Standing:
    """What advice depends on: where the case stands, who asks, what the dispute is about."""

    status: str
    viewer: Viewer
    category: str
    flags: Collection[str]
    known: Following

    @property
    def result(self) -> str:
        """The status that says how it ended, of a case that is closed by now too."""
        return (self.known.outcome or self.status) if self.status in _LAST else self.status


_LAST: Final = frozenset({"closed", "archived"})

NEXT_STEPS: Final[Mapping[str, Text]] = {
    "submitted": Text(
        "系统正在为您分派调解组织，无需操作。",
        "An organisation is being chosen; nothing to do for you.",
    ),
    "unassigned": Text(
        "平台管理员正在为您指定调解组织，无需操作。",
        "The platform administrator is choosing an organisation; nothing to do for you.",
    ),
    "organisation_assigned": Text(
        "调解组织将指派调解员，请保持电话畅通。",
        "The organisation will name a mediator; please keep your phone on.",
    ),
    "mediator_assigned": Text(
        "调解员将初审您的申请，可能与您联系，请保持电话畅通，并尽快补齐材料。",
        "The mediator will examine your application and may call; please supply missing evidence soon.",
    ),
    "under_examination": Text(
        "调解员正在初审，可能与您联系核实情况，请保持电话畅通。",
        "The mediator is examining the application and may call you; please keep your phone on.",
    ),
    "supplement_requested": Text(
        "请按补充材料通知书在期限内补充材料；确有困难的，请与调解员联系。",
        "Please supply what the request for more material names, in time; if you cannot, call the"
        " mediator.",
    ),
    "seeking_consent": Text(
        "调解以双方自愿为前提，调解员正在征询各方意愿；被征询的，请在期限内答复。",
        "Mediation needs the agreement of all parties, who are being asked; if you are, please"
        " answer in time.",
    ),
    "accepted": Text(
        "案件已受理，调解员将安排调解会，请留意通知并准备证据。",
        "The case is accepted; a session will be arranged. Look out for the invitation and prepare"
        " your evidence.",
    ),
    "not_accepted": Text(
        "调解组织不予受理的书面理由见通知书；您仍可通过下列途径解决争议。",
        "The notice gives the reasons in writing; these ways remain open to you.",
    ),
    "mediating": Text(
        "请按时参加调解会；不能参加的，请提前告知并另约时间。调解不公开，调解中的让步不作为日后裁决的依据。",
        "Please take part in the sessions, or ask for another time beforehand. Mediation is"
        " confidential, and concessions made in it cannot be used against you later.",
    ),
    "agreed": Text(
        "请仔细核对调解协议书，确认无误后签署；各方签署并加盖调解组织印章后生效。",
        "Read the agreement with care and sign it if it is right; it takes effect when all have"
        " signed and it is sealed.",
    ),
    "agreement_signed": Text(
        "请按协议约定的期限和方式履行。",
        "Please perform the agreement as and when it says.",
    ),
    "review_requested": Text(
        "仲裁委员会自受理之日起5个工作日内审查，案情复杂的可延长5个工作日；协议仍应按约履行。",
        "The arbitration commission examines the agreement within 5 working days, 5 more if it is"
        " complex; it is to be performed meanwhile.",
    ),
    "review_confirmed": Text(
        "仲裁委员会已出具调解书，具有法律效力；一方不履行的，另一方可申请人民法院强制执行。",
        "The commission's mediation document is binding: if it is not performed, the other side can"
        " ask the people's court to enforce it.",
    ),
    "review_refused": Text(
        "仲裁委员会未予确认，协议对双方仍有约束力；有争议的，可以申请仲裁。",
        "The commission did not confirm the agreement, which still binds the parties; in dispute"
        " you can go to arbitration.",
    ),
    "performed": Text(
        "协议已履行，案件即将结案，无需操作。",
        "The agreement was performed; the case will be closed, nothing to do for you.",
    ),
    "breached": Text(
        "一方在约定期限内不履行调解协议的，另一方可以依法申请仲裁（《劳动争议调解仲裁法》第十五条）。",
        "If a party does not perform in time, the other can go to arbitration (Labour Dispute"
        " Mediation and Arbitration Law, art. 15).",
    ),
    "failed": Text(
        "调解不成，当事人可以向劳动人事争议仲裁委员会申请仲裁；请留意一年的仲裁时效。",
        "There is no agreement; either party may go to the arbitration commission. Mind the one-year"
        " limit.",
    ),
    "withdrawn": Text(
        "申请已撤回。争议未解决的，可再次申请调解，也可依法申请仲裁。",
        "The application is withdrawn. You may apply again, or go to arbitration.",
    ),
    "closed": Text(
        "案件已结案。有正当理由的，30日内可请调解组织重新办理。",
        "The case is closed. With good reason the organisation can reopen it within 30 days.",
    ),
    "archived": Text(
        "案件已归档，无需操作；有新的争议可再次申请调解。",
        "The case is in the archive, nothing to do; for a new dispute you can apply again.",
    ),
}
"""What everybody is told in a status."""

FOR_RESPONDENTS: Final[Mapping[str, Text]] = {
    "organisation_assigned": Text(
        "案件已转由其他调解组织办理，调解员确定后将与您联系。",
        "Another organisation has the case; its mediator will contact you.",
    ),
    "mediator_assigned": Text(
        "调解员将重新审查案件，如需您配合将与您联系。",
        "The mediator examines the case again and will call if anything is needed from you.",
    ),
    "supplement_requested": Text(
        "申请人正在补充材料，您暂时无需操作。",
        "The applicant supplies more material; nothing to do for you now.",
    ),
    "not_accepted": Text(
        "该申请未予受理，您无需操作；申请人可能通过仲裁等途径主张权利。",
        "The application was not accepted, nothing to do for you; the applicant may go to"
        " arbitration.",
    ),
    "withdrawn": Text(
        "申请人已撤回申请，您无需操作。",
        "The applicant took the application back; nothing to do for you.",
    ),
}
"""What a respondent is told instead."""

RIGHT_TO_ARBITRATE = Text(
    "自调解组织收到申请之日起15日内未达成协议的，可以直接申请仲裁（《劳动争议调解仲裁法》第十四条）。",
    "If there is no agreement within 15 days from receipt of the application, arbitration is open"
    " (Labour Dispute Mediation and Arbitration Law, art. 14).",
)
REVIEW = Text(
    "双方可自协议生效之日起15日内共同申请仲裁审查（《劳动人事争议仲裁办案规则》第七十四条）。",
    "Within 15 days from its effect both parties may jointly ask for arbitration review (Rules for"
    " Handling Labour and Personnel Arbitration Cases, art. 74).",
)
JUDICIAL_CONFIRMATION = Text(
    "双方也可自协议生效之日起30日内共同向人民法院申请司法确认（《民事诉讼法》第二百零五条）。",
    "Or within 30 days both may ask the people's court to confirm it (Civil Procedure Law, art."
    " 205).",
)
PAYMENT_ORDER = Text(
    "因支付拖欠劳动报酬、工伤医疗费、经济补偿或者赔偿金达成协议而不履行的，劳动者可持协议书向人民法院申请支付令"
    "（《劳动争议调解仲裁法》第十六条）。",
    "Where pay, injury medical costs, compensation or damages agreed on are not paid, the worker can"
    " take the agreement to the people's court for a payment order (Labour Dispute Mediation and"
    " Arbitration Law, art. 16).",
)
PRESERVATION = Text(
    "对方可能转移、隐匿财产的，可以在仲裁前或者仲裁中申请财产保全。",
    "If the other side may move or hide assets, you can ask for property preservation before or"
    " during arbitration.",
)
ADVANCE_ENFORCEMENT = Text(
    "追索劳动报酬、工伤医疗费、经济补偿或者赔偿金，权利义务关系明确且不先予执行将严重影响生活的，可以申请先予执行"
    "（《劳动争议调解仲裁法》第四十四条）。",
    "Claims for pay, injury medical costs, compensation or damages may be enforced in advance on"
    " request, where they are clear and you could not live without (Labour Dispute Mediation and"
    " Arbitration Law, art. 44).",
)
HOTLINES = Text(
    "政策咨询12333，法律援助12348，工会服务12351。",
    "Policy 12333, legal aid 12348, trade union 12351.",
)
WOMENS_HOTLINE = Text("妇女维权热线12338。", "Women's hotline 12338.")
DISCLAIMER = Text(
    "以上内容仅供参考；案情复杂的，请咨询律师或拨打12333。",
    "This is for reference only; in complex cases ask a lawyer or call 12333.",
)

_WOMEN: Final = frozenset({"women_workers", "fast_track"})
_TO_ARBITRATION: Final = frozenset({"not_accepted", "failed", "breached", "review_refused"})
_UNDER_WAY: Final = frozenset({"accepted", "mediating", "agreed"})
_MONEY: Final = "pay_injury_compensation"


def next_steps(standing: Standing) -> tuple[Text, ...]:
    """Sentences in the order of use: what to do now, what the law offers, whom to call; the
    disclaimer last."""
    return (*_now(standing), *_law(standing), *_calls(standing), DISCLAIMER)


def _now(standing: Standing) -> Iterator[Text]:
    yield _told(standing.status, standing.viewer)
    ended = standing.known.ended
    if standing.result == "not_accepted" and standing.viewer.is_applicant and ended:
        place = ended.get("right_division")
        if place:
            name = place["name"]
            yield Text(
                f"有管辖权的地区：{name}，可请调解组织移送。",
                f"Jurisdiction lies with {name}; the organisation can transfer the case.",
            )
        for word in ended.get("advice", ()):
            text = ADVICE[word]
            yield Text(f"{text.zh}。", f"{text.en}.")


def _told(status: str, viewer: Viewer) -> Text:
    if not viewer.is_applicant and status in FOR_RESPONDENTS:
        return FOR_RESPONDENTS[status]
    return NEXT_STEPS[status]


def _law(standing: Standing) -> Iterator[Text]:
    """What the law offers in this status to this side."""
    result, worker = standing.result, _is_worker(standing)
    if result in _UNDER_WAY:
        yield RIGHT_TO_ARBITRATE
    if result == "agreement_signed" and standing.status not in _LAST:
        yield from (REVIEW, JUDICIAL_CONFIRMATION)
    if standing.status in _LAST and result in _TO_ARBITRATION:
        yield _told(result, standing.viewer)
    if result in {"agreement_signed", "breached"} and standing.category == _MONEY and worker:
        yield PAYMENT_ORDER
    if result in _TO_ARBITRATION and standing.viewer.is_applicant:
        yield PRESERVATION
        if standing.category == _MONEY and worker:
            yield ADVANCE_ENFORCEMENT


def _calls(standing: Standing) -> Iterator[Text]:
    yield HOTLINES
    if standing.viewer.is_applicant and not _WOMEN.isdisjoint(standing.flags):
        yield WOMENS_HOTLINE


def _is_worker(standing: Standing) -> bool:
    """Whether the viewer is the worker of the dispute."""
    return standing.viewer.is_applicant != ("employer_applicant" in standing.flags)
