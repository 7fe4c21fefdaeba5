"""The fixed sentences of the pages, and days and moments as people read them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Final

from shared.civil_time import MAINLAND_TIME
from shared.errors import Language, Text

TEXTS: Final[Mapping[str, Text]] = {
    "product": Text("劳动人事争议网上调解", "Online mediation of labour disputes"),
    "other_language": Text("English", "中文"),
    "find_title": Text("查询办理进度", "How is my case?"),
    "find_lead": Text(
        "请输入回执或短信上的16位流水号，空格、短横线、汉字数字都可以。",
        "Type the 16 digits of your receipt or message. Spaces and hyphens do not matter.",
    ),
    "serial_number": Text("流水号", "Serial number"),
    "find": Text("查询", "Look it up"),
    "find_another": Text("查询其他流水号", "Look up another number"),
    "now": Text("当前状态", "Where it stands"),
    "since": Text("更新时间", "Since"),
    "division": Text("办理地区", "Place"),
    "next": Text("接下来", "What happens next"),
    "by": Text("最迟", "by"),
    "to_do": Text("您可以做的", "What you can do"),
    "asked": Text("需要您答复", "Your answer is wanted"),
    "asked_how": Text(
        "请按短信中的方式答复，或致电调解组织。",
        "Answer as the message you got says, or call the organisation.",
    ),
    "answered": Text("您已答复", "You have answered"),
    "until": Text("答复期限", "answer by"),
    "unmask": Text("查看全部内容", "See everything"),
    "unmask_lead": Text(
        "填写回执上的查询码，或者申请时所留手机号的后四位，可以看到调解员、期限和材料。",
        "With the query code of the receipt, or the last four digits of the phone number given, you"
        " also see the mediator, the dates and the documents.",
    ),
    "factor": Text("查询码或手机号后四位", "Query code or last four digits of the phone"),
    "show": Text("查看", "Show"),
    "contact": Text("谁在办理", "Who has the case"),
    "ended": Text("办理结果", "How it ended"),
    "organisation": Text("调解组织", "Organisation"),
    "phone": Text("电话", "Phone"),
    "mediator": Text("调解员", "Mediator"),
    "case_number": Text("案号", "Case number"),
    "outcome": Text("结果", "Outcome"),
    "reason": Text("原因", "Reason"),
    "sessions": Text("调解会", "Sessions"),
    "held": Text("已召开", "held"),
    "cancelled": Text("已取消", "cancelled"),
    "deadlines": Text("重要期限", "Dates that matter"),
    "provisional": Text("节假日安排公布后可能调整", "may move with the holiday plan"),
    "calendar": Text("存到手机日历", "Add to your calendar"),
    "evidence_awaited": Text("还有{count}份材料待上传", "Files still missing: {count}"),
    "documents": Text("文书", "Documents"),
    "documents_how": Text(
        "凭流水号和查询码可以下载，也可以请调解组织提供。",
        "They can be downloaded with the serial number and the query code; the organisation also"
        " gives them to you.",
    ),
    "timeline": Text("办理过程", "What has happened"),
    "hotlines": Text("咨询电话", "Hotlines"),
    "12333": Text("人社政策咨询", "Labour policy"),
    "12348": Text("法律咨询、法律援助", "Legal advice and aid"),
    "12351": Text("职工维权（工会）", "Trade union"),
    "12338": Text("妇女维权", "Women's rights"),
    "free": Text("调解不收费。", "Mediation is free of charge."),
    "wait": Text("请在{minutes}分钟后再试。", "Try again in {minutes} min."),
}
"""Every fixed sentence."""

_WEEKDAYS: Final = ("星期一", "星期二", "星期三", "星期四", "星期五", "星期六", "星期日")
_DAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS: Final = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip


def day_text(day: date, language: Language) -> str:
    """`2026年11月25日（星期三）`, `Wednesday, 25 November 2026`."""
    if language == "en":
        return f"{_DAYS[day.weekday()]}, {day.day} {_MONTHS[day.month - 1]} {day.year}"
    return f"{day.year}年{day.month}月{day.day}日（{_WEEKDAYS[day.weekday()]}）"


def moment_text(moment: datetime, language: Language) -> str:
    """The day and the hour on the mainland's clocks."""
    local = moment.astimezone(MAINLAND_TIME)
    return f"{day_text(local.date(), language)} {local:%H:%M}"
