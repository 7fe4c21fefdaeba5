"""What an applicant is told right after submission: what to keep, do, expect and know."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date
from functools import lru_cache

from services.intake.deadlines import Deadline
from shared import serial
from shared.errors import Text

_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)

_ADVICE: tuple[tuple[frozenset[str], Text], ...] = (
    (
        frozenset({"collective"}),
        Text(
            "十人以上的集体争议由推举的3至5名代表参加调解，尚未提交代表推举书的请补交。",
            "Ten or more people are spoken for by the 3 to 5 representatives they named: please supply"
            " their signed mandate if you have not yet.",
        ),
    ),
    (
        frozenset({"over_age_worker"}),
        Text(
            "超过法定退休年龄的劳动者，自2026年7月1日起可就劳动报酬、休息休假、劳动安全卫生、工伤保障争议"
            "申请调解，其他争议请向人民法院起诉。",
            "Past the statutory retirement age, disputes on pay, rest, safety and injury come here"
            " (since 1 July 2026); others go to the people's court.",
        ),
    ),
    (
        frozenset({"work_injury"}),
        Text(
            "尚未申请工伤认定的请留意：用人单位未申请的，职工本人或其近亲属可在事故伤害发生之日起1年内提出，"
            "可拨打12333咨询。",
            "If the injury is not yet recognised as a work injury and the employer has not asked for it,"
            " the worker or a close relative can, within one year of the accident; 12333 can advise.",
        ),
    ),
    (
        frozenset({"migrant_worker_wages"}),
        Text(
            "拖欠农民工工资的，也可以向劳动保障监察机构投诉，电话12333。",
            "Unpaid wages of migrant workers can also be reported to the labour inspection, 12333.",
        ),
    ),
    (
        frozenset({"legal_aid_without_means_test"}),
        Text(
            "您申请法律援助免予核查经济困难状况，可拨打12348或到当地法律援助机构申请。",
            "You may have legal aid without a means test: call 12348 or ask the local legal aid office.",
        ),
    ),
    (
        frozenset({"legal_aid_requested"}),
        Text(
            "您的法律援助意愿已记录，将转告法律援助机构；也可拨打12348。",
            "Your wish for legal aid is recorded and will be passed on; you can also call 12348.",
        ),
    ),
    (
        frozenset({"women_workers", "fast_track"}),
        Text(
            "本案适用女职工维权绿色通道，优先由女职工维权工作站办理；妇女维权热线12338。",
            "The women workers' fast track applies, their rights station comes first; women's hotline"
            " 12338.",
        ),
    ),
    (
        frozenset({"psychological_support"}),
        Text(
            "您的心理疏导需求已记录，调解组织将与您联系。",
            "Your wish for psychological support is recorded; the organisation will contact you.",
        ),
    ),
    (
        frozenset({"interpreter_needed"}),
        Text(
            "您的翻译需求已记录，将告知调解员。",
            "Your need of an interpreter is recorded and will be told to the mediator.",
        ),
    ),
    (
        frozenset({"assistance_needed"}),
        Text(
            "如需协助填写、阅读或到场，可拨打12333，也可由家人代办。",
            "For help with forms, reading or getting there call 12333; family may act for you.",
        ),
    ),
)
"""Advice in the order it is given, each for whoever carries any of its flags."""

_HOTLINES_FOR_WORKERS = Text(
    "政策咨询12333，法律咨询12348，工会服务12351。",
    "Policy 12333, legal advice 12348, trade union 12351.",
)
_HOTLINES_FOR_EMPLOYERS = Text(
    "政策咨询12333，法律咨询12348。", "Policy 12333, legal advice 12348."
)
_DISCLAIMER = Text(
    "以上内容仅供参考；案情复杂的，请咨询律师或拨打12333。",
    "This is for reference only; in complex cases ask a lawyer or call 12333.",
)


def next_steps(
    serial_number: str,
    division: str,
    flags: Collection[str],
    *,
    clocks: Iterable[Deadline],
    awaited: int,
    today: date,
) -> tuple[Text, ...]:
    """Sentences for the answer and the receipt, most urgent to keep first, disclaimer last.

    `division` is the full name of the place applied to; `awaited` counts declared evidence files
    not yet received; `clocks` are those of `deadlines`.
    """
    following = _following(division, tuple(flags), tuple(clocks), awaited, today)
    return (_save_serial(serial_number), *following)


@lru_cache(maxsize=4096)  # the same for every application of a place, a day and a kind
def _following(
    division: str, flags: tuple[str, ...], clocks: tuple[Deadline, ...], awaited: int, today: date
) -> tuple[Text, ...]:
    due = {clock.name: clock for clock in clocks}
    steps: list[Text] = []
    if "arbitration_limitation" in due and "limitation_risk" in flags:
        steps.append(_limitation_warning(due["arbitration_limitation"], today))
    if awaited:
        steps.append(_supply_evidence(awaited))
    steps += [
        _assignment(division, due["mediator_assignment"]),
        _acceptance(due["acceptance_decision"]),
        _arbitration(due["right_to_arbitrate"]),
    ]
    steps += [advice for wanted, advice in _ADVICE if not wanted.isdisjoint(flags)]
    employer = "employer_applicant" in flags
    return (
        *steps,
        _HOTLINES_FOR_EMPLOYERS if employer else _HOTLINES_FOR_WORKERS,
        _DISCLAIMER,
    )


def _save_serial(serial_number: str) -> Text:
    shown = serial.display(serial_number)
    return Text(
        f"请保存流水号（{shown}）和查询码，凭此查询办理进度。",
        f"Save the serial number ({shown}) and the query code: they show you the progress.",
    )


def _supply_evidence(awaited: int) -> Text:
    files = "file" if awaited == 1 else "files"
    return Text(
        f"还有{awaited}份材料尚未上传，可凭查询码补交，不影响本次申请。",
        f"{awaited} evidence {files} can still be supplied with the query code; your application"
        " stands.",
    )


def _assignment(division: str, due: Deadline) -> Text:
    day = _day(due)
    return Text(
        f"申请已提交至{division}，预计{day.zh}前指派调解员，请保持电话畅通。",
        f"Your application went to {division}; a mediator should be assigned by {day.en}. Please be"
        " reachable by phone.",
    )


def _acceptance(due: Deadline) -> Text:
    day = _day(due)
    return Text(
        f"调解以双方自愿为前提，调解组织将在{day.zh}前决定是否受理。",
        f"Mediation needs both parties' agreement; the organisation decides on acceptance by"
        f" {day.en}.",
    )


def _arbitration(due: Deadline) -> Text:
    day = _day(due)
    return Text(
        f"至{day.zh}仍未达成调解协议的，您可以依法申请仲裁。",
        f"If there is no agreement by {day.en}, you may go to arbitration.",
    )


def _limitation_warning(due: Deadline, today: date) -> Text:
    day = _day(due)
    if due.due_on < today:
        return Text(
            f"请注意：按所填日期推算，一年仲裁时效可能已于{day.zh}届满。时效可能中断或中止，请尽快拨打12333"
            "或咨询律师。",
            f"Warning: by the dates you gave, the one-year limit for arbitration may have ended on"
            f" {day.en}. It may have been interrupted or suspended: call 12333 or ask a lawyer soon.",
        )
    return Text(
        f"请注意：按所填日期推算，一年仲裁时效将于{day.zh}届满。调解期间也请留意，必要时尽快申请仲裁。",
        f"Warning: by the dates you gave, the one-year limit for arbitration ends on {day.en}. Keep"
        " it in mind during mediation and go to arbitration in time if need be.",
    )


def _day(due: Deadline) -> Text:
    day = due.due_on
    zh = f"{day.year}年{day.month}月{day.day}日"
    en = f"{day.day} {_MONTHS[day.month - 1]} {day.year}"
    if due.provisional:
        return Text(f"{zh}（放假安排公布后可能调整）", f"{en} (may move with the holiday plan)")
    return Text(zh, en)
