"""The closed lists of the field that services and clients share, with their names in zh and en."""

from __future__ import annotations

from collections.abc import Mapping

from shared.errors import Text

CATEGORIES: Mapping[str, Text] = {
    "confirm_labour_relation": Text("确认劳动关系争议", "Whether a labour relation exists"),
    "contract": Text(
        "订立、履行、变更、解除和终止劳动合同争议",
        "Making, performing, changing, dissolving or ending a labour contract",
    ),
    "dismissal_resignation": Text("除名、辞退和辞职、离职争议", "Dismissal and resignation"),
    "hours_leave_insurance_training": Text(
        "工作时间、休息休假、社会保险、福利、培训以及劳动保护争议",
        "Hours, leave, social insurance, welfare, training and labour protection",
    ),
    "pay_injury_compensation": Text(
        "劳动报酬、工伤医疗费、经济补偿或者赔偿金争议",
        "Pay, injury medical costs, economic compensation or damages",
    ),
    "personnel": Text("人事争议", "Personnel disputes of public institutions"),
    "other_by_law": Text("法律、法规规定的其他劳动争议", "Other labour disputes named by law"),
}
"""Dispute categories, 劳动争议调解仲裁法 (LDMA) article 2."""

FLAGS: Mapping[str, Text] = {
    "collective": Text("集体争议", "Collective dispute"),
    "priority": Text("优先办理", "Priority"),
    "women_workers": Text("女职工维权", "Women workers"),
    "fast_track": Text("速裁绿色通道", "Fast track"),
    "migrant_worker_wages": Text("农民工工资", "Migrant worker's wages"),
    "work_injury": Text("工伤", "Work injury"),
    "new_employment_form": Text("新就业形态", "New form of employment"),
    "over_age_worker": Text("超龄劳动者", "Worker past retirement age"),
    "multiple_respondents": Text("多个被申请人", "Several respondents"),
    "employer_applicant": Text("用人单位申请", "Employer applies"),
    "agent": Text("有代理人", "With an agent"),
    "non_mainland_identity": Text("非内地身份证件", "Identity from outside the mainland"),
    "interpreter_needed": Text("需要翻译", "Interpreter needed"),
    "assistance_needed": Text("需要协助", "Assistance needed"),
    "legal_aid_requested": Text("申请法律援助", "Legal aid requested"),
    "legal_aid_without_means_test": Text(
        "法律援助免予经济困难审查", "Legal aid without a means test"
    ),
    "psychological_support": Text("需要心理疏导", "Psychological support wanted"),
    "limitation_risk": Text("仲裁时效风险", "Arbitration limit is near or past"),
}
"""Triage flags: pure rules over the application, several may hold."""

ORGANISATION_KINDS: Mapping[str, Text] = {
    "enterprise_committee": Text("企业劳动争议调解委员会", "Enterprise mediation committee"),
    "peoples_mediation": Text("基层人民调解组织", "Grassroots people's mediation organisation"),
    "township": Text("乡镇、街道劳动争议调解组织", "Township or street mediation organisation"),
    "county": Text("县（区）劳动人事争议调解中心", "County mediation centre"),
    "city": Text("市劳动人事争议调解中心", "City mediation centre"),
    "province": Text("省劳动人事争议调解中心", "Province mediation centre"),
    "women_workers_station": Text("女职工劳动人事争议维权工作站", "Women workers' rights station"),
    "industry": Text("行业性调解组织", "Industry mediation organisation"),
    "union": Text("工会调解组织", "Union mediation organisation"),
}
"""Kinds of mediation organisation, LDMA article 10 and the bodies that joined since."""

WOMEN_WORKERS_STATION = "women_workers_station"

JOINT_BODIES: Mapping[str, Text] = {
    "human_resources": Text("人力资源社会保障部门（12333）", "Human resources (12333)"),
    "justice": Text("司法行政部门（12348）", "Justice (12348)"),
    "court": Text("人民法院", "Court"),
    "union": Text("工会（12351）", "Union (12351)"),
    "womens_federation": Text("妇联（12338）", "Women's federation (12338)"),
}
"""Bodies that keep a women workers' rights station together and may join its sessions."""

ROLES: tuple[str, ...] = (
    "platform_admin",
    "organisation_admin",
    "mediator",
    "applicant",
    "agent",
    "respondent",
    "partner",
    "auditor",
)
"""Roles a token may carry."""

REFUSAL_REASONS: Mapping[str, Text] = {
    "outside_scope": Text("不属于劳动人事争议调解范围", "Outside the scope of labour mediation"),
    "other_party_refuses": Text(
        "对方当事人不同意调解", "The other party does not agree to mediate"
    ),
    "no_clear_claim": Text("没有明确的请求或者事实", "No clear claim or facts"),
    "no_direct_interest": Text(
        "申请人与争议没有直接利害关系", "The applicant has no direct interest"
    ),
    "no_clear_respondent": Text("没有明确的被申请人", "No clear respondent"),
    "wrong_jurisdiction": Text("不属于本调解组织管辖", "Another organisation has jurisdiction"),
    "already_decided": Text("争议已经裁决、判决或者达成协议", "The dispute is already decided"),
}
"""Why a case is not accepted; always with the mediator's own words beside it."""

ADVICE: Mapping[str, Text] = {
    "arbitration": Text(
        "可以向劳动人事争议仲裁委员会申请仲裁", "You can apply to the arbitration commission"
    ),
    "court": Text("可以向人民法院起诉", "You can sue in the people's court"),
    "labour_inspection": Text(
        "可以向劳动保障监察机构投诉", "You can complain to the labour inspectorate"
    ),
    "apply_again": Text("补正后可以再次申请调解", "You can apply again once it is put right"),
    "apply_elsewhere": Text(
        "可以向有管辖权的调解组织申请", "You can apply to the organisation with jurisdiction"
    ),
    "legal_aid": Text("可以申请法律援助（12348）", "You can ask for legal aid (12348)"),
    "policy_hotline": Text("可以拨打12333咨询", "You can call 12333"),
}
"""What the parties can do next."""

FAILURE_REASONS: Mapping[str, Text] = {
    "no_agreement": Text("双方未能达成协议", "The parties reached no agreement"),
    "party_absent": Text("当事人无正当理由不参加调解", "A party stayed away without good reason"),
    "party_unwilling": Text("当事人不愿继续调解", "A party does not want to go on"),
    "term_expired": Text("调解期限届满", "The term of mediation has ended"),
    "not_signed": Text("当事人拒绝签署协议", "A party does not sign the agreement"),
}
"""Why a mediation failed, R17 29 and 30."""

SESSION_MODES: Mapping[str, Text] = {
    "online": Text("线上", "online"),
    "on_site": Text("现场", "on site"),
}

ATTENDANCE: Mapping[str, Text] = {
    "present": Text("到场", "present"),
    "represented": Text("代理人到场", "represented"),
    "absent": Text("未到场", "absent"),
}

REFERRALS: Mapping[str, Text] = {
    "arbitration_review": Text("仲裁审查", "Arbitration review"),
    "arbitration": Text("申请仲裁", "Arbitration"),
    "judicial_confirmation": Text("司法确认", "Judicial confirmation"),
    "payment_order": Text("申请支付令", "Payment order"),
    "legal_aid": Text("法律援助", "Legal aid"),
    "psychological_support": Text("心理疏导", "Psychological support"),
    "employment_support": Text("就业帮扶", "Employment support"),
    "hardship_relief": Text("困难帮扶建档", "Hardship relief"),
    "labour_inspection": Text("劳动保障监察", "Labour inspection"),
    "lawyer": Text("律师服务", "Lawyer"),
}
"""What follows a mediation or goes beside it."""

REFERRAL_STATUSES: Mapping[str, Text] = {
    "asked": Text("征询意愿中", "asked whether wanted"),
    "declined": Text("当事人不愿意", "not wanted"),
    "willing": Text("当事人愿意，待转出", "wanted, to be sent"),
    "sent": Text("已转出", "sent"),
    "taken_up": Text("已受理", "taken up"),
    "completed": Text("已办结", "completed"),
    "returned": Text("被退回", "returned"),
}
"""asked → declined | willing → sent → taken_up | returned; taken_up → completed | returned."""

DOCUMENTS: Mapping[str, Text] = {
    "receipt": Text("申请回执", "Receipt of the application"),
    "supplement_request": Text("补充材料通知书", "Request for more material"),
    "consent_invitation": Text("调解意愿征询书", "Invitation to mediate"),
    "acceptance_notice": Text("受理通知书", "Notice of acceptance"),
    "refusal_notice": Text("不予受理通知书", "Notice of non-acceptance"),
    "session_invitation": Text("调解会通知书", "Invitation to a session"),
    "session_record": Text("调解笔录", "Record of a session"),
    "agreement_draft": Text("调解协议书（待签署）", "Mediation agreement, to be signed"),
    "agreement": Text("调解协议书", "Mediation agreement"),
    "failure_certificate": Text("调解不成告知书", "Notice that no agreement was reached"),
    "referral_letter": Text("转介函", "Letter of referral"),
}
"""Documents of a case, by kind."""

PURPOSES: Mapping[str, Text] = {
    "examination": Text("初审", "preliminary examination"),
    "contact_party": Text("联系当事人", "contacting a party"),
    "session": Text("组织调解会", "holding a session"),
    "document": Text("制作文书", "drawing up documents"),
    "supervision": Text("业务督导", "supervision"),
    "complaint": Text("处理投诉", "handling a complaint"),
}
"""Why staff read personal data; recorded with each read."""
