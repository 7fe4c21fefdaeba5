"""The receipt of an application: one printable page that needs nothing but itself.

No script, no outside resource; its one style sheet is allowed by its hash. It names no person and
repeats no facts: whoever finds a lost receipt learns the number, the place and the dates.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any, Final

from markupsafe import Markup

from services.intake.evidence_refusal import REASONS
from services.intake.pages.policy import page_template, qr_inline
from shared.contracts.lifecycle import STATUSES
from shared.contracts.vocabulary import CATEGORIES
from shared.errors import Language, Text
from shared.sealing import QueryCodes

_FOLDER: Final = Path(__file__).parent
_STYLE: Final = (_FOLDER / "receipt.css").read_text(encoding="utf-8")
_BEIJING: Final = timezone(timedelta(hours=8))


TEXTS: Mapping[str, Text] = {
    "product": Text("劳动人事争议网上调解", "Online mediation of labour disputes"),
    "title": Text("调解申请回执", "Receipt of your application"),
    "submitted": Text("您的调解申请已提交", "Your application has been submitted"),
    "save": Text(
        "请截图、打印，或抄下流水号和查询码，查进度、补材料都要用到。",
        "Keep a screenshot or a print, or write both numbers down: you need them to follow your "
        "case.",
    ),
    "serial_number": Text("流水号", "Serial number"),
    "query_code": Text("查询码", "Query code"),
    "query_code_private": Text("请勿告诉他人", "Keep it to yourself"),
    "scan": Text("扫码查看进度", "Scan for progress"),
    "progress_link": Text("进度查询网址", "Address to follow your case"),
    "overview": Text("申请概况", "Overview"),
    "received_at": Text("提交时间", "Submitted"),
    "beijing_time": Text("北京时间", "Beijing time"),
    "division": Text("提交地区", "Division"),
    "status": Text("当前状态", "Status"),
    "category": Text("争议类别", "Kind of dispute"),
    "claims": Text("调解请求", "Claims"),
    "next_steps": Text("接下来", "What happens next"),
    "deadlines": Text("重要期限", "Dates that matter"),
    "source": Text("依据", "Source"),
    "provisional": Text("节假日安排公布后可能调整", "may move with the holiday plan"),
    "attachments": Text("证据材料", "Evidence"),
    "no_attachments": Text(
        "提交时没有列出材料，以后可以凭流水号和查询码补交。",
        "No files were listed. You can send them later with the serial number and the query code.",
    ),
    "awaited": Text("待上传", "Not yet sent"),
    "received": Text("已收到", "Received"),
    "refused": Text("未接收，请重传", "Refused, send again"),
    "history": Text("办理记录校验码", "Fingerprint of the record"),
    "history_note": Text(
        "此前的办理记录如被改动，校验码就会不同；可凭此码核对查询到的完整记录。",
        "If anything recorded before this page were changed, the fingerprint would differ. Compare "
        "it with the full record of your case.",
    ),
    "history_application": Text("申请", "Application"),
    "history_case": Text("案件", "Case"),
    "hotlines": Text("咨询电话", "Hotlines"),
    "12333": Text("人社政策咨询", "Labour policy"),
    "12348": Text("法律咨询、法律援助", "Legal advice and aid"),
    "12351": Text("职工维权（工会）", "Trade union"),
    "12338": Text("妇女维权", "Women's rights"),
    "note": Text(
        "本回执证明申请已提交，不表示已经受理。是否受理，由调解组织审查后书面告知。调解不收费。",
        "This receipt shows that the application was submitted, not that it was accepted. The "
        "mediation organisation examines it and answers in writing. Mediation is free of charge.",
    ),
}
"""Every fixed sentence of the page."""

_MEDIATION_LAW: Final = "《劳动争议调解仲裁法》"

DEADLINES: Mapping[str, tuple[Text, Text]] = {
    "mediator_assignment": (
        Text("指派调解员", "A mediator is assigned"),
        Text("服务承诺", "a target of this service"),
    ),
    "fast_track_acceptance": (
        Text("绿色通道：决定是否受理", "Fast track: decision on acceptance"),
        Text("服务承诺", "a target of this service"),
    ),
    "acceptance_decision": (
        Text("调解组织决定是否受理", "The organisation decides on acceptance"),
        Text(
            "《企业劳动争议协商调解规定》第二十二条",
            "Enterprise Mediation Rules, article 22",
        ),
    ),
    "right_to_arbitrate": (
        Text(
            "到这天仍未达成协议的，次日起可申请仲裁",
            "Without agreement you may go to arbitration after this day",
        ),
        Text(f"{_MEDIATION_LAW}第十四条", "Mediation and Arbitration Law, article 14"),
    ),
    "arbitration_limitation": (
        Text(
            "仲裁时效届满（按所填情况估算）",
            "Time limit for arbitration ends (estimate)",
        ),
        Text(
            f"{_MEDIATION_LAW}第二十七条",
            "Mediation and Arbitration Law, article 27",
        ),
    ),
}
"""What each deadline is and what it follows from."""

_HOTLINES: Final = ("12333", "12348", "12351", "12338")
_WEEKDAYS: Final = (
    Text("星期一", "Monday"),
    Text("星期二", "Tuesday"),
    Text("星期三", "Wednesday"),
    Text("星期四", "Thursday"),
    Text("星期五", "Friday"),
    Text("星期六", "Saturday"),
    Text("星期日", "Sunday"),
)
_MONTHS: Final = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip


def render_receipt(view: Mapping[str, Any], language: Language) -> str:
    """The page as HTML in one language; everything of the view is escaped."""
    shown = shown_receipt(view, language)
    qr = Markup(qr_inline(shown["progress_url"]))  # noqa: S704 - drawn by us from digits
    style = Markup(_STYLE)  # noqa: S704 - our own file
    return page_template("receipt.html").render(**shown, qr=qr, style=style)


def shown_receipt(view: Mapping[str, Any], language: Language) -> dict[str, Any]:
    """What a receipt says in one language, for the page and for the PDF.

    `view` is JSON-ready: serial_number, query_code, received_at (RFC 3339), status, category,
    division {name}, claims [{amount_cny}], deadlines [{name, due_on, provisional}], next_steps
    [sentences], attachments [{file_name, state, refusal?}], links {page}, history {application,
    case: newest hashes, null if there is none yet}.
    """
    serial = view["serial_number"]
    return {
        "language": {"zh": "zh-CN", "en": "en"}[language],
        "text": {name: sentence.to(language) for name, sentence in TEXTS.items()},
        "serial_groups": [serial[at : at + 4] for at in range(0, len(serial), 4)],
        "query_code": QueryCodes.grouped(QueryCodes.normalise(view["query_code"])),
        "progress_url": view["links"]["page"],
        "received_at": _moment(datetime.fromisoformat(view["received_at"]), language),
        "division_name": view["division"]["name"],
        "status": STATUSES[view["status"]].to(language),
        "category": CATEGORIES[view["category"]].to(language),
        "claims": _claims([claim["amount_cny"] for claim in view["claims"]], language),
        "deadlines": [_deadline(deadline, language) for deadline in view["deadlines"]],
        "next_steps": view["next_steps"],
        "attachments": [_attachment(attachment, language) for attachment in view["attachments"]],
        "hotlines": _HOTLINES,
        "hashes": [
            {"of": TEXTS[f"history_{of}"].to(language), "short": _short(full), "full": full}
            for of, full in view["history"].items()
            if full
        ],
    }


def _short(full: str) -> str:
    """The first 16 digits of a hash in groups of four: what people compare."""
    return " ".join(full[at : at + 4] for at in range(0, 16, 4))


def _moment(at: datetime, language: Language) -> str:
    local = at.astimezone(_BEIJING)
    suffix = TEXTS["beijing_time"].to(language)
    if language == "en":
        return f"{_english_date(local)}, {local:%H:%M} ({suffix})"
    return f"{local.year}年{local.month}月{local.day}日 {local:%H:%M}（{suffix}）"


def _day(day: date, language: Language) -> str:
    weekday = _WEEKDAYS[day.weekday()].to(language)
    if language == "en":
        return f"{weekday}, {_english_date(day)}"
    return f"{day.year}年{day.month}月{day.day}日（{weekday}）"


def _english_date(day: date) -> str:
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def _deadline(deadline: Mapping[str, Any], language: Language) -> dict[str, Any]:
    name, source = DEADLINES[deadline["name"]]
    return {
        "name": name.to(language),
        "source": source.to(language),
        "due_on": _day(date.fromisoformat(deadline["due_on"]), language),
        "provisional": deadline["provisional"],
    }


def _attachment(attachment: Mapping[str, Any], language: Language) -> dict[str, Any]:
    code = attachment.get("refusal")
    return {
        "file_name": attachment["file_name"],
        "state": attachment["state"],
        "reason": REASONS[code].to(language) if code else None,
    }


def _claims(amounts: Sequence[float | None], language: Language) -> str:
    sums = [amount for amount in amounts if amount is not None]
    total = f"{sum(sums):,.2f}".removesuffix(".00")
    if language == "en":
        counted = "1 claim" if len(amounts) == 1 else f"{len(amounts)} claims"
        return f"{counted}, CNY {total} in all" if sums else counted
    return f"{len(amounts)}项" + (f"，金额合计{total}元" if sums else "")
