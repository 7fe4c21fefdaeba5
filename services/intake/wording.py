"""What an applicant reads when a field needs attention: codes of the application form, zh and en."""

from __future__ import annotations

from collections.abc import Mapping

from shared.contracts.faults import Fault
from shared.errors import Text

WORDING: Mapping[str, Text] = {
    "id_length": Text(
        "身份证件号码位数不正确，请核对", "The identity number has the wrong number of characters"
    ),
    "id_format": Text(
        "证件号码与所选证件类型不符，请核对",
        "The number is not of the form that this kind of identity document has",
    ),
    "id_checksum": Text(
        "身份证号码校验位不正确，请核对", "The identity number has a mistyped character"
    ),
    "id_birth_date": Text(
        "证件号码中的出生日期无效，请核对", "The birth date in the identity number is not real"
    ),
    "uscc_length": Text(
        "统一社会信用代码应为18位，请核对", "A unified social credit code has 18 characters"
    ),
    "uscc_format": Text(
        "统一社会信用代码含有不使用的字符，请核对",
        "The unified social credit code contains a character that such codes never use",
    ),
    "uscc_checksum": Text(
        "统一社会信用代码校验位不正确，请核对",
        "The unified social credit code has a mistyped character",
    ),
    "phone_format": Text(
        "请填写手机号，或带区号的固定电话；境外号码请加国家（地区）代码",
        "Give a mobile number, a landline with its area code, or a foreign number with its country code",
    ),
    "unknown_division": Text(
        "没有找到该行政区划，请重新选择", "There is no such division; please choose again"
    ),
    "role_mismatch": Text(
        "申请人类型与所选申请入口不一致",
        "The kind of applicant does not fit the section chosen for the application",
    ),
    "before_start": Text("结束日期不能早于开始日期", "The end cannot come before the beginning"),
    "same_as_applicant": Text(
        "被申请人不能与申请人相同", "The respondent cannot be the same as the applicant"
    ),
    "duplicate_person": Text("该人员已经填写过", "This person is already in the list"),
    "representatives_required": Text(
        "十人以上的集体争议，请推举3至5名代表",
        "Ten or more applicants need 3 to 5 representatives among them",
    ),
    "attachment_too_large": Text(
        "单个材料不能超过50MB，请压缩或拆分后再提交",
        "A file may have at most 50 MiB; compress or split it",
    ),
    "bad_file_name": Text("文件名不能含有路径", "A file name must not contain a path"),
    "masked_value": Text(
        "请填写完整内容，不能带有星号等遮挡符号",
        "Give the whole value, without asterisks or other marks that mask it",
    ),
    "mobile_required": Text(
        "请填写能接收短信的手机号", "Give a mobile number that can receive text messages"
    ),
    "consent_required": Text("请阅读并同意此项后再提交", "Please read and agree to this first"),
}

TOWNSHIP_ELSEWHERE = Text(
    "所选乡镇（街道）不在所选县（区）内，请重新选择",
    "The township or street does not lie in the county; please choose again",
)
CLAIM_MISSING = Text("请至少填写一项调解请求", "State at least one claim")
RESPONDENT_MISSING = Text("请至少填写一名被申请人", "Name at least one respondent")
STATEMENT_MISSING = Text(
    "请填写补充说明或选择补充材料", "Write a statement or declare the files you add"
)
SCOPE_MISSING = Text("特别授权须写明授权事项", "Special authority must say which acts it covers")
TRUTHFULNESS_MISSING = Text(
    "请勾选本人承诺：所填内容真实", "Please declare that what you state is true"
)
PERSONAL_MISSING = Text(
    "请同意为办理本案使用个人信息",
    "Please agree that your personal information is used for this case",
)
HEALTH_MISSING = Text(
    "所填内容涉及健康信息，请单独同意使用",
    "The application contains health information; please agree to its use separately",
)


def fault(code: str) -> Fault:
    """The fault of this code of the application form."""
    return Fault(code, WORDING[code])


def required(text: Text) -> Fault:
    """A missing value, said in the words of its place."""
    return Fault("required", text)
