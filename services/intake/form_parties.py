"""The form's sections on people and units: applicants, respondents, agents."""

from __future__ import annotations

from services.intake import wording
from services.intake.identity import ID_TYPES
from services.intake.phone import Phone
from shared.contracts.fields import (
    Amount,
    Choice,
    Code,
    Count,
    Date,
    Detail,
    Email,
    Flag,
    Parts,
    Slug,
    Str,
)
from shared.contracts.schema import Body

PARTY_TYPES = ("natural_person", "employer")
AUTHORITIES = ("general", "special")

_COUNTY = "[0-9]{6}"
_LANGUAGE = "[a-z]{2,3}(-[A-Za-z]{2,8})?"
PREFERRED_CONTACTS = ("sms", "phone", "email", "app")
PUSH_DEVICE = "[A-Za-z0-9_:.-]{8,256}"
"""What apps call the device they run on, whatever the push service."""


def _identity_number(*, required: bool = False) -> Code:
    """An identity number; capitals, no spaces. The rules judge it by its kind."""
    return Code(
        "证件号码",
        "[0-9A-Z]{1,40}",
        fault_code=wording.fault("id_format"),
        upper=True,
        compact=True,
        required=required,
    )


def _credit_code() -> Code:
    """A unified social credit code; capitals, no spaces. The rules judge it."""
    return Code(
        "统一社会信用代码",
        "[0-9A-Z]{1,40}",
        fault_code=wording.fault("uscc_format"),
        upper=True,
        compact=True,
    )


class Person(Body):
    """What most forms ask of a natural person (and the name and contact of a unit)."""

    name = Str("姓名（名称）", 200, required=True)
    gender = Choice("性别", ("男", "女", "未说明"))
    id_type = Choice("证件类型", ID_TYPES)
    id_number = _identity_number()
    phone = Phone("联系电话")
    email = Email("电子邮箱")
    correspondence_address = Str("通信地址（文书送达地址）", 500)
    household_registration = Str("户籍所在地", 500)
    is_migrant_worker = Flag("是否农民工")
    highest_education = Str("文化程度", 50)
    birth_date = Date("出生日期", past=True)
    nationality_alpha3 = Code("国籍（ISO 3166-1三位字母）", "[A-Z]{3}", upper=True)
    name_zh = Str("中文姓名", 200)
    needs_interpreter = Detail("需要翻译的语言", 100)
    maternity_period = Slug("孕期、产期、哺乳期", ("pregnancy", "childbirth", "lactation"))
    expected_due_date = Date("预产期")
    child_birth_date = Date("子女出生日期", past=True)
    wants_legal_aid = Flag("是否申请法律援助")
    wants_psychological_support = Flag("是否需要心理疏导")
    literacy_assistance = Detail("需要读写协助")


class PersonParticulars(Body):
    """What some forms ask besides of a natural person."""

    # Identity and origin
    id_valid_from = Date("证件签发日期", past=True)
    id_valid_until = Date("证件有效期至")
    id_valid_long_term = Flag("证件长期有效")
    id_issuer = Str("证件签发机关", 200)
    name_en = Str("英文姓名", 200)
    former_name = Str("曾用名", 200)
    nationality = Str("国籍", 100)
    region = Str("所属地区", 100)
    region_of_origin = Str("来源地区", 100)
    place_of_birth = Str("出生地", 200)
    age = Count("年龄", most=150)
    ethnic_group = Str("民族", 50)
    ethnicity = Str("民族", 50)
    political_status = Str("政治面貌", 50)
    marital_status = Str("婚姻状况", 50)
    occupation = Str("职业", 100)
    job_title = Str("职务", 100)
    position = Str("职务", 100)
    work_unit = Str("工作单位", 200)
    is_migrant = Flag("是否农民工")
    migrant_worker = Flag("是否农民工")
    household_type = Str("户口性质", 50)
    household_county_code = Code("户籍所在县（区）", _COUNTY)
    passport_number = _identity_number()
    travel_permit_number = _identity_number()
    residence_permit_number = Str("居留（居住）许可号码", 64)
    residence_permit_valid_until = Date("居留（居住）许可有效期至")
    visa_type = Str("签证种类", 50)
    visa_number = Str("签证号码", 64)
    visa_valid_until = Date("签证有效期至")
    work_permit_number = Str("工作许可证号", 64)
    work_permit_valid_until = Date("工作许可有效期至")
    permit_valid_until = Date("通行（居住）证件有效期至")
    travel_permit_valid_until = Date("通行证有效期至")
    passport_valid_until = Date("护照有效期至")
    name_pinyin = Str("姓名拼音", 200)
    mother_tongue = Str("母语", 100)
    social_security_card_number = Str("社会保障卡号", 64)
    is_veteran = Flag("是否退役军人")
    is_union_member = Flag("是否工会会员")
    is_retired = Flag("是否已退休")
    receives_pension = Flag("是否已领取基本养老保险待遇")
    has_pension = Flag("是否已领取基本养老保险待遇")
    pension_received = Flag("是否已领取基本养老保险待遇")
    guardian_name = Str("法定代理人（监护人）姓名", 200)
    guardian_phone = Phone("法定代理人（监护人）电话")
    guardian_relation = Slug("与监护人关系")

    # Reaching the person
    address = Str("住址", 500)
    residence_address = Str("经常居住地", 500)
    current_address = Str("现住址", 500)
    household_address = Str("户籍地址", 500)
    county_code = Code("所在县（区）", _COUNTY)
    postal_code = Code("邮政编码", "[0-9A-Z -]{3,12}", upper=True)
    backup_phone = Phone("备用电话")
    alternate_phone = Phone("备用电话")
    second_phone = Phone("备用电话")
    landline = Phone("固定电话")
    wechat = Str("微信号", 64)
    emergency_contact_name = Str("紧急联系人", 200)
    emergency_contact_phone = Phone("紧急联系人电话")
    preferred_contact = Slug("首选联系方式", PREFERRED_CONTACTS)
    push_device = Code("接收应用推送的设备", PUSH_DEVICE)
    large_print = Flag("是否需要大字版通知")
    language = Code("通知语言", _LANGUAGE)
    preferred_language = Str("使用语言", 50)
    notify = Flag("是否接收通知")

    # Help the person needs
    interpreter_needed = Detail("是否需要翻译", 100)
    interpreter = Detail("是否需要翻译", 100)
    interpreter_language = Str("翻译语言", 100)
    sign_language_interpreter = Detail("是否需要手语翻译")
    needs_assistance = Detail("需要协助")
    assistance_needed = Detail("需要协助")
    assistance = Detail("需要协助")
    assistance_reason = Str("需要协助的原因", 500)
    assistance_note = Str("协助说明", 500)
    reading_assistance = Detail("需要读写协助")
    elder_assistance = Detail("老年人协助")
    elderly_assistance = Detail("老年人协助")
    disability_assistance = Detail("残疾人协助")
    accessibility_needs = Detail("无障碍需求")
    legal_aid = Detail("法律援助")
    legal_aid_requested = Flag("是否申请法律援助")
    legal_aid_reason = Str("申请法律援助的理由", 1000)
    psychological_support = Detail("心理疏导")
    wants_employment_support = Flag("是否需要就业帮扶")
    wants_hardship_relief = Flag("是否申请困难救助")
    is_low_income = Flag("是否低收入")
    hardship_registered = Flag("是否困难职工建档")

    # Health: the rules ask for separate consent
    is_pregnant = Flag("是否怀孕")
    pregnant = Flag("是否怀孕")
    pregnancy = Detail("孕期情况")
    pregnancy_weeks = Count("孕周", most=60)
    due_date = Date("预产期")
    expected_delivery_date = Date("预产期")
    expected_birth_date = Date("预产期")
    expected_date_of_delivery = Date("预产期")
    pregnancy_due_date = Date("预产期")
    is_lactating = Flag("是否在哺乳期")
    miscarriage_date = Date("流产日期", past=True)
    maternity_leave_started_on = Date("产假开始日期")
    maternity_leave_ended_on = Date("产假结束日期")
    maternity_leave_ends_on = Date("产假结束日期")
    lactation_ends_on = Date("哺乳期结束日期")
    disability = Detail("残疾情况")
    has_disability = Flag("是否残疾人")
    is_disabled = Flag("是否残疾人")
    disability_type = Str("残疾类别", 50)
    disability_level = Detail("残疾等级", 50)
    disability_grade = Detail("残疾等级", 50)
    disability_certificate_number = Str("残疾人证号", 64)
    health_condition = Str("健康状况", 500)


class Unit(Body):
    """Which kind of party it is, and what most forms ask of a unit (用人单位)."""

    party_type = Choice("主体类型", PARTY_TYPES, required=True)
    unit_type = Slug(
        "单位类型",
        (
            *("enterprise", "individual_business", "private_non_enterprise", "public_institution"),
            *("government_agency", "social_organisation", "labour_dispatch_agency", "platform"),
        ),
    )
    uscc = _credit_code()
    legal_representative = Str("法定代表人（主要负责人）", 200)
    legal_representative_title = Str("法定代表人职务", 50)
    contact_name = Str("联系人", 200)
    role = Slug(
        "在用工关系中的角色",
        (
            *("employer", "dispatch_agency", "user_unit", "platform", "partner", "contractor"),
            *("labour_dispatch_agency", "principal"),
        ),
    )


class UnitParticulars(Body):
    """What some forms ask besides of a unit."""

    respondent_role = Slug("在用工关系中的角色")
    employment_role = Slug("在用工关系中的角色")
    respondent_type = Slug("被申请人类别")
    unit_role = Slug("在用工关系中的角色")
    party_role = Slug("在用工关系中的角色")
    relation = Detail("与申请人的关系", 100)
    relationship = Detail("与申请人的关系", 100)
    relation_to_applicant = Detail("与申请人的关系", 100)
    relation_to_worker = Detail("与劳动者的关系", 100)
    relation_note = Str("关系说明", 500)
    liability = Detail("请求承担的责任")
    joint_liability = Flag("是否请求承担连带责任")
    is_primary = Flag("是否主要被申请人")
    is_platform = Flag("是否平台企业")
    is_platform_company = Flag("是否平台企业")
    is_platform_operator = Flag("是否平台企业")
    platform_name = Str("平台名称", 200)
    is_dispatch_agency = Flag("是否劳务派遣单位")
    dispatch_licence_number = Str("劳务派遣经营许可证号", 64)
    short_name = Str("简称", 200)
    registration_number = Str("登记（注册）号", 64)
    organisation_code = Str("组织机构代码", 64)
    legal_representative_phone = Phone("法定代表人电话")
    contact_phone = Phone("联系人电话")
    contact_title = Str("联系人职务", 50)
    contact_department = Str("联系人部门", 100)
    fax = Phone("传真")
    registered_address = Str("注册地址", 500)
    business_address = Str("经营地址", 500)
    office_address = Str("办公地址", 500)
    county_name = Str("所在县（区）名称", 200)
    township_code = Code("所在乡镇（街道）", "[0-9]{9}")
    industry = Str("所属行业", 100)
    industry_code = Code("行业代码（GB/T 4754）", "[A-Z]?[0-9]{0,4}", upper=True)
    ownership = Str("经济类型", 50)
    scale = Str("单位规模", 50)
    employee_count = Count("职工人数", most=10_000_000)
    established_on = Date("成立日期", past=True)
    business_status = Str("经营状态", 50)
    supervising_department = Str("主管部门", 200)
    competent_authority = Str("主管部门", 200)
    has_union = Flag("是否建立工会")
    has_mediation_committee = Flag("是否设立调解委员会")


class Party(UnitParticulars, PersonParticulars, Unit, Person):
    """An applicant or a respondent: a natural person, or a unit and who speaks for it.

    The last base comes first: the fast path meets the common fields before the particulars.
    """


class Share(Body):
    """One worker's part in a common claim."""

    amount_cny = Amount("请求金额（元）")
    is_representative = Flag("是否推举为代表")

    party_type = Choice("主体类型", PARTY_TYPES)
    claim_text = Str("调解请求", 2000, lines=True)
    started_on = Date("入职日期", past=True)
    ended_on = Date("离职日期")
    monthly_wage_cny = Amount("月工资（元）")
    note = Str("备注", 500)


class CoApplicant(PersonParticulars, Share, Person):
    """One of several workers with a common claim (集体争议申请人名册)."""

    id_type = Choice("证件类型", ID_TYPES, required=True)
    id_number = _identity_number(required=True)


class Agent(Body):
    """Who acts for the applicant: family (亲情服务), a lawyer, the union, an employee."""

    name = Str("姓名", 200, required=True)
    relation = Slug(
        "与申请人关系",
        (
            *("spouse", "parent", "child", "sibling", "other_relative", "guardian", "lawyer"),
            *("legal_worker", "legal_aid_lawyer", "union", "employee", "other"),
        ),
        required=True,
    )
    id_type = Choice("证件类型", ID_TYPES)
    id_number = _identity_number()
    phone = Phone("联系电话", required=True)
    authority = Choice("代理权限", AUTHORITIES, required=True)
    authority_scope = Parts(
        "特别授权事项",
        Slug("授权事项", ("accept", "change_claims", "settle", "withdraw", "sign", "receive")),
        most=20,
    )
    family_binding_verified = Flag("亲情账户已绑定")
    notify_agent_too = Flag("同时通知代理人")

    gender = Choice("性别", ("男", "女", "未说明"))
    birth_date = Date("出生日期", past=True)
    nationality_alpha3 = Code("国籍（ISO 3166-1三位字母）", "[A-Z]{3}", upper=True)
    email = Email("电子邮箱")
    address = Str("住址", 500)
    correspondence_address = Str("通信地址", 500)
    agent_type = Slug("代理人类别", ("family", "lawyer", "union", "employee", "citizen"))
    relation_note = Str("关系说明", 200)
    position = Str("职务", 100)
    job_title = Str("职务", 100)
    department = Str("部门", 100)
    work_unit = Str("工作单位", 200)
    organisation = Str("所在单位", 200)
    organisation_name = Str("所在单位", 200)
    law_firm = Str("律师事务所", 200)
    licence_number = Str("执业证号", 64)
    license_number = Str("执业证号", 64)
    lawyer_licence_number = Str("律师执业证号", 64)
    lawyer_license_number = Str("律师执业证号", 64)
    practice_certificate_number = Str("执业证号", 64)
    bar_number = Str("执业证号", 64)
    union_name = Str("工会名称", 200)
    legal_aid_case_number = Str("法律援助公函编号", 64)
    authority_from = Date("授权起始日期")
    authority_until = Date("授权截止日期")
    authority_valid_until = Date("授权截止日期")
    authority_note = Str("授权说明", 1000, lines=True)
    authorised_on = Date("授权日期", past=True)
    language = Code("通知语言", _LANGUAGE)
    preferred_contact = Slug("首选联系方式", PREFERRED_CONTACTS)
    push_device = Code("接收应用推送的设备", PUSH_DEVICE)
    large_print = Flag("是否需要大字版通知")
