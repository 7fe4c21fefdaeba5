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
