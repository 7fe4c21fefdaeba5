"""What people are told of a case beside its status, each sentence once, in both languages.

COMING says what happens next and by when, to everybody alike; NEXT_STEPS and FOR_RESPONDENTS what
there is to do; the others what the law offers and whom to call. Which of them is said when: `advice`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from shared.errors import Text


class Coming(NamedTuple):
    """What happens next, and the clocks that say by when, the one that ends it soonest first."""

    text: Text
    clocks: tuple[str, ...] = ()


COMING: Final[Mapping[str, Coming]] = {
    "submitted": Coming(
        Text(
            "系统分派调解组织，由调解组织指派调解员。",
            "The application goes to a mediation organisation, which names a mediator.",
        ),
        ("mediator_assignment",),
    ),
    "unassigned": Coming(
        Text(
            "平台管理员指定调解组织，由调解组织指派调解员。",
            "The platform chooses a mediation organisation, which names a mediator.",
        ),
        ("mediator_assignment",),
    ),
    "organisation_assigned": Coming(
        Text("调解组织指派调解员。", "The organisation names a mediator."),
        ("mediator_choice", "mediator_assignment"),
    ),
    "mediator_assigned": Coming(
        Text("调解员开始初审。", "The mediator begins the examination."), ("examination_start",)
    ),
    "under_examination": Coming(
        Text(
            "调解员审查申请、征询各方意愿后，调解组织决定是否受理。",
            "The mediator examines the application and asks the parties; then the organisation"
            " decides whether it accepts the case.",
        ),
        ("fast_track_acceptance", "acceptance_decision"),
    ),
    "supplement_requested": Coming(
        Text(
            "申请人补充材料，调解员随后继续初审。",
            "The applicant supplies more material; then the examination goes on.",
        ),
        ("supplement_answer",),
    ),
    "seeking_consent": Coming(
        Text(
            "各方答复是否同意调解；都同意的，调解组织受理。",
            "The parties answer whether they agree to mediate; if all do, the case is accepted.",
        ),
        ("consent_answer", "acceptance_decision"),
    ),
    "accepted": Coming(
        Text(
            "调解员安排调解会，在调解期限内组织调解。",
            "The mediator arranges a session and mediates within the term.",
        ),
        ("fast_track_mediation", "mediation_end"),
    ),
    "mediating": Coming(
        Text(
            "继续调解：达成一致的，签署协议；期限届满没有达成的，调解结束。",
            "Mediation goes on until there is an agreement to sign, or its term ends without one.",
        ),
        ("fast_track_mediation", "mediation_end"),
    ),
    "agreed": Coming(
        Text("各方核对并签署调解协议书。", "The parties check and sign the agreement."),
        ("signature",),
    ),
    "agreement_signed": Coming(
        Text("各方按协议履行。", "The parties perform the agreement."), ("performance",)
    ),
    "review_requested": Coming(
        Text("仲裁委员会作出审查结论。", "The arbitration commission concludes its review."),
        ("arbitration_review",),
    ),
    "review_confirmed": Coming(
        Text("各方按调解书履行。", "The parties perform what was confirmed."), ("performance",)
    ),
    "review_refused": Coming(
        Text("各方按协议履行。", "The parties perform the agreement."), ("performance",)
    ),
    "performed": Coming(Text("调解组织结案。", "The organisation closes the case."), ("closing",)),
    "breached": Coming(
        Text(
            "调解组织结案；当事人可以依法申请仲裁。",
            "The organisation closes the case; arbitration is open.",
        ),
        ("closing",),
    ),
    "not_accepted": Coming(
        Text(
            "调解组织结案；当事人可以依法申请仲裁。",
            "The organisation closes the case; arbitration is open.",
        ),
        ("closing",),
    ),
    "failed": Coming(
        Text(
            "调解组织结案；当事人可以依法申请仲裁。",
            "The organisation closes the case; arbitration is open.",
        ),
        ("closing",),
    ),
    "withdrawn": Coming(Text("调解组织结案。", "The organisation closes the case."), ("closing",)),
    "closed": Coming(
        Text(
            "案件归档；有正当理由的，归档前可以请调解组织重新办理。",
            "The case goes to the archive; until then it can be reopened with good reason.",
        ),
        ("archiving",),
    ),
    "archived": Coming(Text("没有后续步骤。", "Nothing more happens.")),
}
"""What happens next, in every status."""

SESSION: Final = Text("参加第{number}次调解会。", "Session {number} takes place.")
"""What happens next instead, once a session has been arranged."""

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
