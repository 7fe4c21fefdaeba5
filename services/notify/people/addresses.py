"""Where a message goes: addresses made usable, and made unrecognisable for showing."""

from __future__ import annotations

import re
from typing import Final

import phonenumbers

MASK = "***"
"""Stands in every masked e-mail address, and in no real one that we take."""

_MAINLAND_MOBILE: Final = re.compile(r"\+861[3-9][0-9]{9}", re.ASCII)


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


def masked(channel: str, address: str) -> str:
    """`138****0011`, `+852****78`, `z***@example.com`: enough to recognise, not to reach."""
    if channel == "email":
        local, _, domain = address.rpartition("@")
        return f"{local[:1] if len(local) > 1 else ''}{MASK}@{domain}"
    national = address.removeprefix("+86")
    if national != address and len(national) == 11:
        return f"{national[:3]}****{national[-4:]}"
    return f"{address[:4]}****{address[-2:]}"
