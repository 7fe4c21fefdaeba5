"""The application form: its sections and fields (四清楚: self, employer, dispute, claims).

One declaration for the HTTP body, OpenAPI and the fast path. Most fields are optional: a form in
any of the many channels asks what its users can answer, and what is missing is supplied in the
preliminary examination. Lists named by the field are closed; other words are open vocabularies.
`Detail` takes what clients state in words or as yes and no. Within a section the fields most
forms send come first: the fast path stops looking once it has met every member of a body.
"""

from __future__ import annotations

from services.intake import wording
from services.intake.form_parties import Agent, CoApplicant, Party
from services.intake.form_work import Dispute, Employment
from shared.contracts.fields import (
    Amount,
    Choice,
    Code,
    Count,
    Date,
    Detail,
    Flag,
    Moment,
    Part,
    Parts,
    Slug,
    Str,
)
from shared.contracts.schema import Body

MAX_ATTACHMENTS = 20
MAX_ATTACHMENT_BYTES = 50 * 1024 * 1024
MAX_CO_APPLICANTS = 500
MAX_RESPONDENTS = 20
MAX_CLAIMS = 30

ROLES = ("worker", "employer")
_COUNTY = "[0-9]{6}"
_UNKNOWN_DIVISION = wording.fault("unknown_division")


class SubmitDivision(Body):
    """The administrative division the application is submitted to."""

    county_code = Code("县（区）代码", _COUNTY, fault_code=_UNKNOWN_DIVISION, required=True)
    county_name = Str("县（区）名称", 200)
    township_code = Code("乡镇（街道）代码", "[0-9]{9}", fault_code=_UNKNOWN_DIVISION)
    township_name = Str("乡镇（街道）名称", 200)

    province_code = Code("省（自治区、直辖市）代码", _COUNTY)
    province_name = Str("省（自治区、直辖市）名称", 200)
    city_code = Code("市（州）代码", _COUNTY)
    city_name = Str("市（州）名称", 200)
    village_name = Str("村（社区）名称", 200)
    basis = Slug("选择依据", ("work_place", "employer_location"))
    reason = Str("选择原因", 500)


class Claim(Body):
    """One request (调解请求)."""

    claim_type = Slug(
        "请求类型",
        (
            *("wage_arrears", "wage_difference", "overtime_pay", "double_wage", "bonus"),
            *("economic_compensation", "unlawful_termination", "notice_pay", "annual_leave_pay"),
            *("allowance", "injury_medical", "injury_allowance", "disability_benefit"),
            *("maternity_benefit", "confirm_labour_relation", "restore_position", "rest_leave"),
            *("social_insurance", "training_cost", "liquidated_damages", "return_property"),
            *("non_compete", "certificate", "apology", "other"),
        ),
        required=True,
    )
    text = Str("请求内容", 2000, lines=True, required=True)
    amount_cny = Amount("金额（元）")

    period_from = Date("期间起")
    period_to = Date("期间止")
    period_start = Date("期间起")
    period_end = Date("期间止")
    from_date = Date("期间起")
    to_date = Date("期间止")
    calculation = Str("计算方式", 2000, lines=True)
    calculation_note = Str("计算说明", 2000, lines=True)
    basis = Str("依据", 2000, lines=True)
    legal_basis = Str("法律依据", 2000, lines=True)
    months = Detail("月数", 50)
    days = Detail("天数", 50)
    hours = Detail("小时数", 50)
    quantity = Detail("数量", 50)
    against = Detail("被请求人", 200)
    respondent_index = Count("被请求人序号", most=MAX_RESPONDENTS)
    joint_liability = Flag("是否请求承担连带责任")
    note = Str("备注", 1000, lines=True)


class Attachment(Body):
    """A file declared now; its bytes are uploaded after submission."""

    file_name = Str("文件名", 255, required=True)
    kind = Slug(
        "材料类型",
        (
            *("business_licence", "labour_contract", "wage_flow", "attendance_record", "identity"),
            *("agreement", "notice", "medical", "invoice", "photo", "chat_record", "recording"),
            *("power_of_attorney", "representative_mandate", "bundle", "other"),
        ),
        required=True,
    )
    content_type = Code("媒体类型", "[A-Za-z0-9.+-]{1,100}/[A-Za-z0-9.+-]{1,100}")
    size_bytes = Count("字节数", least=1, required=True, metadata={"maximum": MAX_ATTACHMENT_BYTES})

    sha256 = Code("SHA-256", "[0-9A-Fa-f]{64}")
    title = Str("材料名称", 200)
    description = Str("说明", 1000, lines=True)
    note = Str("说明", 1000, lines=True)
    purpose = Str("证明目的", 1000, lines=True)
    proves = Str("证明目的", 1000, lines=True)
    source = Str("来源", 200)
    pages = Count("页数", most=100_000)
    page_count = Count("页数", most=100_000)
    is_original = Flag("是否原件")
    original_held = Flag("是否持有原件")
    taken_on = Date("形成日期", past=True)
    contains_health_information = Flag("是否含健康信息")


class Consents(Body):
    """Self-declaration (本人承诺) and consents, each given on its own."""

    truthfulness = Flag("本人承诺内容真实", required=True, missing=wording.TRUTHFULNESS_MISSING)
    personal_information = Flag("同意使用个人信息", required=True, missing=wording.PERSONAL_MISSING)
    electronic_service = Flag("同意电子送达")
    sensitive_health_information = Flag("同意使用健康信息")

    sensitive_personal_information = Flag("同意使用敏感个人信息")
    minor_personal_information = Flag("监护人同意使用未成年人个人信息")
    data_sharing = Flag("同意向调解组织共享")
    cross_border_transfer = Flag("同意跨境提供个人信息")
    mediation = Flag("同意调解")
    mediation_willingness = Flag("同意调解")
    confidentiality = Flag("同意保密")
    online_mediation = Flag("同意在线调解")
    recording = Flag("同意录音录像")
    sms_notification = Flag("同意接收短信")
    agent_authorisation = Flag("同意代理授权")
    text_version = Str("文本版本", 64)
    version = Str("文本版本", 64)
    accepted_at = Moment("同意时间")


class ApplicationForm(Body):
    """The whole application, the body of POST /v1/applications."""

    channel = Slug(
        "渠道",
        ("web", "app_pocket_12333", "gov_service_platform", "essc", "essc_family_service"),
        required=True,
    )
    applicant_role = Choice("申请入口", ROLES, required=True)
    tips_accepted_at = Moment("阅读温馨提示时间")
    applicant = Part("申请人", Party, required=True)
    agent = Part("代理人", Agent)
    co_applicants = Parts("共同申请人", Part("共同申请人", CoApplicant), most=MAX_CO_APPLICANTS)
    respondents = Parts(
        "被申请人",
        Part("被申请人", Party),
        most=MAX_RESPONDENTS,
        required=True,
        missing=wording.RESPONDENT_MISSING,
    )
    submit_division = Part("提交的行政区划", SubmitDivision, required=True)
    employment = Part("工作情况", Employment, required=True)
    dispute = Part("争议情况", Dispute, required=True)
    claims = Parts(
        "调解请求",
        Part("调解请求", Claim),
        most=MAX_CLAIMS,
        required=True,
        missing=wording.CLAIM_MISSING,
    )
    evidence_note = Str("材料说明", 2000, lines=True)
    attachments = Parts("材料", Part("材料", Attachment), most=MAX_ATTACHMENTS)
    consents = Part("承诺与同意", Consents, required=True)

    language = Code("通知语言", "[a-z]{2,3}(-[A-Za-z]{2,8})?")
    evidence_list = Parts("证据清单", Str("证据", 500), most=100)
    witnesses = Parts("证人", Detail("证人", 200), most=20)
    urgent = Detail("是否紧急")
    is_urgent = Flag("是否紧急")
    urgency = Detail("紧急情况")
    urgent_reason = Str("紧急原因", 1000, lines=True)
    urgency_reason = Str("紧急原因", 1000, lines=True)
    preferred_mediation_mode = Detail("希望的调解方式", 100)
    mediation_mode = Detail("希望的调解方式", 100)
    preferred_time = Str("方便的时间", 200)
    preferred_organisation = Str("希望的调解组织", 200)
    related_serial_number = Code("相关流水号", "[0-9]{16}", compact=True)
    duplicate_acknowledged = Flag("已知可能重复提交")
    draft_id = Str("草稿编号", 64)
    channel_reference = Str("渠道业务号", 100)
    note = Str("备注", 2000, lines=True)
    remarks = Str("备注", 2000, lines=True)
