"""Facts about a natural person of an application, read from its fields and identity number."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, Literal

Person = Mapping[str, Any]
Application = Mapping[str, Any]
Gender = Literal["woman", "man"]

_GENDERS: Mapping[str, Gender] = {
    "女": "woman", "female": "woman", "f": "woman", "woman": "woman",
    "男": "man", "male": "man", "m": "man", "man": "man",
}  # fmt: skip

_DENIALS = frozenset(
    {"", "0", "no", "none", "false", "n", "null", "normal"}
    | {"否", "无", "没有", "不", "不是", "不需要", "不用", "不紧急", "普通", "一般"}
)
"""Answers of a form that mean "no" although the field is filled."""

_BIRTH_BY_ID_TYPE: Mapping[str, re.Pattern[str]] = {
    "resident_id": re.compile(r"\d{6}(\d{8})\d{3}[\dX]"),
    "hmt_residence_permit": re.compile(r"\d{6}(\d{8})\d{3}[\dX]"),
    "foreign_permanent_residence": re.compile(r"9\d{5}(\d{8})\d{3}[\dX]"),
}
"""Identity numbers of 18 characters that hold the birth date (GB 11643) and the gender digit."""

_SEPARATORS = re.compile(r"[\s\-‐-―]")
_GENDER_DIGIT = 16  # index of the 17th character, odd for men, even for women


def said(value: Any) -> bool:
    """Whether an answer affirms: true, a number above zero, or words that are no denial."""
    return normal_text(value) not in _DENIALS if isinstance(value, str) else bool(value)


def says(sections: Iterable[Mapping[str, Any] | None], *names: str) -> bool:
    """Whether any of the sections affirms any of the fields; a missing section says nothing."""
    for section in sections:
        for name in names:
            value = section.get(name) if section else None
            if value and said(value):
                return True
    return False


def civil_date(value: Any) -> date | None:
    """An ISO date (or the day of an ISO time) of a plausible year; None for anything else."""
    if isinstance(value, date):
        day = date(value.year, value.month, value.day)
    else:
        try:
            day = date.fromisoformat(str(value)[:10])
        except ValueError:
            return None
    return day if 1900 <= day.year < 2099 else None


def normal_text(text: str) -> str:
    """One spelling for comparison: half width, lower case, no white space (NFKC)."""
    return "".join(unicodedata.normalize("NFKC", text).casefold().split())


def normal_number(text: str) -> str:
    """One spelling of an identity or credit code: half width, upper case, no spaces or dashes."""
    if text.isascii() and text.isalnum():  # nearly all are written so
        return text.upper()
    return _SEPARATORS.sub("", unicodedata.normalize("NFKC", text)).upper()


def born_on(person: Person) -> date | None:
    """The birth date: from a checked identity number if it holds one, else as stated."""
    digits = _matched(person)
    from_number = civil_date(f"{digits[:4]}-{digits[4:6]}-{digits[6:]}") if digits else None
    return from_number or civil_date(person.get("birth_date"))


def gender(person: Person) -> Gender | None:
    """The gender as stated, else by the identity number; None if neither tells."""
    stated = _GENDERS.get(normal_text(str(person.get("gender") or "")))
    if stated:
        return stated
    if not _matched(person):
        return None
    return "man" if int(normal_number(person["id_number"])[_GENDER_DIGIT]) % 2 else "woman"


def applicants(application: Application) -> tuple[Person, ...]:
    """The applicant and those who apply together with it, each once."""
    first, others = application["applicant"], application.get("co_applicants")
    if not others:
        return (first,)
    people: dict[str, Person] = {}
    for person in (first, *others):
        people.setdefault(identity(person), person)
    return tuple(people.values())


def workers(application: Application) -> tuple[Person, ...]:
    """The people on the worker's side: applicants, or the respondents an employer applies against."""
    if application["applicant_role"] == "worker":
        return applicants(application)
    return tuple(
        person
        for person in application["respondents"]
        if person.get("party_type") == "natural_person"
    )


def identity(party: Person) -> str:
    """What tells a party from others: its number, or else its name (a person's with the phone)."""
    number = party.get("id_number") or party.get("uscc")
    if number:
        return normal_number(str(number))
    name = normal_text(str(party.get("name") or ""))
    if party.get("party_type") == "employer":
        return name
    return f"{name}|{normal_number(str(party.get('phone') or ''))}"


def _matched(person: Person) -> str | None:
    pattern = _BIRTH_BY_ID_TYPE.get(str(person.get("id_type")))
    match = pattern.fullmatch(normal_number(str(person.get("id_number")))) if pattern else None
    return match[1] if match else None
