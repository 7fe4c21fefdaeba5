"""Where a message goes: addresses made usable, and made unrecognisable for showing."""

from __future__ import annotations

import re
from typing import Final

import phonenumbers

MASK = "***"
"""Stands in every masked e-mail address, and in no real one that we take."""

_MAINLAND_MOBILE: Final = re.compile(r"\+861[3-9][0-9]{9}", re.ASCII)
_DEVICE: Final = re.compile(r"[A-Za-z0-9_:.-]{8,256}", re.ASCII)
_ROBOT: Final = re.compile(r"(dingtalk|feishu|lark|wecombot)://[!-~]{1,480}", re.ASCII)


def sms_address(phone: str | None) -> str | None:
    """`phone` as E.164 if text messages can reach it (not a landline), else None.

    Numbers without a country code are mainland ones.
    """
    if phone and _MAINLAND_MOBILE.fullmatch(phone):  # nearly all, as the application spells them
        return phone
    try:
        number = phonenumbers.parse(phone or "", "CN")
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number):
        return None
    if phonenumbers.number_type(number) == phonenumbers.PhoneNumberType.FIXED_LINE:
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def email_address(email: str | None) -> str | None:
    """`email` if it can stand in an envelope as it is, else None."""
    address = (email or "").strip()
    local, at, domain = address.rpartition("@")
    usable = local and at and domain and address.isascii() and not set(address) & set(' \t\r\n<>,"')
    return address if usable else None


def push_address(device: str | None) -> str | None:
    """`device` if it looks like what an app calls its device, else None."""
    return device if device and _DEVICE.fullmatch(device) else None


def chat_address(robot: str | None) -> str | None:
    """`robot` if it looks like the address of a chat robot (`dingtalk://…`), else None."""
    return robot if robot and _ROBOT.fullmatch(robot) else None


def masked(channel: str, address: str) -> str:
    """`138****0011`, `+852****78`, `z***@example.com`, `dingtalk://***`: enough to recognise, not to
    reach; "" where there is no address."""
    if not address:
        return ""
    if channel == "chat":
        return f"{address.partition('://')[0]}://{MASK}"
    if channel == "email":
        local, _, domain = address.rpartition("@")
        return f"{local[:1] if len(local) > 1 else ''}{MASK}@{domain}"
    national = address.removeprefix("+86")
    if national != address and len(national) == 11:
        return f"{national[:3]}****{national[-4:]}"
    return f"{address[:4]}****{address[-2:]}"
