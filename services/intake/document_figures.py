"""Dates, sums and numbers as documents write them, in Chinese form and in English."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Final

from shared.civil_time import MAINLAND_TIME
from shared.errors import Text

MONTHS: Final = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip
_CAPITALS: Final = "零壹贰叁肆伍陆柒捌玖"
_PLACES: Final = ("", "拾", "佰", "仟")
_GROUPS: Final = ("", "万", "亿", "兆")
_ORDINALS: Final = "零一二三四五六七八九"


def day(on: date | str) -> Text:
    """2026年11月22日; a string is an ISO date."""
    when = date.fromisoformat(on) if isinstance(on, str) else on
    return Text(
        f"{when.year}年{when.month}月{when.day}日",
        f"{when.day} {MONTHS[when.month - 1]} {when.year}",
    )


def moment(at: datetime | str) -> Text:
    """The day and the minute in the mainland's time; a string is RFC 3339."""
    when = local(at)
    written = day(when.date())
    return Text(f"{written.zh}{when:%H:%M}", f"{written.en}, {when:%H:%M}")


def local(at: datetime | str) -> datetime:
    """A moment in the mainland's time."""
    moment = datetime.fromisoformat(at) if isinstance(at, str) else at
    return moment.astimezone(MAINLAND_TIME)


def period(begins: datetime | str, ends: datetime | str) -> Text:
    """From a moment to another, the day once if it is the same."""
    first, last = local(begins), local(ends)
    start, end = moment(first), moment(last)
    if first.date() == last.date():
        return Text(f"{start.zh}至{last:%H:%M}", f"{start.en} to {last:%H:%M}")
    return Text(f"{start.zh}至{end.zh}", f"{start.en} to {end.en}")


def money(amount: float) -> Text:
    """20,020.50元 with its capital form, which no stroke of a pen can turn into another."""
    plain = f"{_exact(amount):,.2f}".removesuffix(".00")
    return Text(f"{plain}元（人民币大写：{capitals(amount)}）", f"CNY {plain}")


def sum_of(amount: float) -> str:
    """The figure alone, for a column of a table."""
    return f"{_exact(amount):,.2f}"


def capitals(amount: float) -> str:
    """A sum from 0 to below 10^16 yuan in capitals (支付结算办法, annex 1): 贰万零贰拾元伍角整."""
    cents = int(_exact(amount) * 100)
    yuan, jiao, fen = cents // 100, cents // 10 % 10, cents % 10
    whole = f"{_whole(yuan)}元" if yuan or not cents else ""
    if not jiao and not fen:
        return f"{whole}整"
    tenths = f"{_CAPITALS[jiao]}角" if jiao else "零" if yuan else ""
    return f"{whole}{tenths}" + (f"{_CAPITALS[fen]}分" if fen else "整")


def ordinal(number: int) -> str:
    """1 to 99 as clauses are counted: 一, 十二, 二十."""
    tens, ones = divmod(number, 10)
    if not tens:
        return _ORDINALS[ones]
    return (_ORDINALS[tens] if tens > 1 else "") + "十" + (_ORDINALS[ones] if ones else "")


def _exact(amount: float) -> Decimal:
    return Decimal(str(amount)).quantize(Decimal("0.01"))


def _whole(yuan: int) -> str:
    if yuan == 0:
        return "零"
    written, gap = "", False
    groups = [yuan // 10000**n % 10000 for n in range(len(_GROUPS))]
    for place in reversed(range(len(_GROUPS))):
        group = groups[place]
        if group == 0:
            gap = gap or bool(written)
            continue
        if written and (gap or group < 1000):
            written += "零"
        written += _group(group) + _GROUPS[place]
        gap = False
    return written


def _group(number: int) -> str:
    """1 to 9999, one 零 for each gap inside."""
    written, gap = "", False
    for place in reversed(range(len(_PLACES))):
        digit = number // 10**place % 10
        if digit == 0:
            gap = bool(written)
            continue
        written += ("零" if gap else "") + _CAPITALS[digit] + _PLACES[place]
        gap = False
    return written
