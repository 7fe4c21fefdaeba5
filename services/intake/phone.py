"""Phone numbers as people write them, made into the one form that messages are sent to.

E.164 (`+8613800000011`), with `;ext=` of RFC 3966 behind it where an extension was given. Only the
shape is judged, not whether a range is in use: new ranges open faster than tables are updated.
"""

from __future__ import annotations

import re
from typing import Any, cast

import phonenumbers
from marshmallow import ValidationError
from marshmallow import fields as marshmallow_fields

from services.intake.wording import fault
from shared.contracts.fields import Declared, Doubt, plain, refusal

_MOBILE = re.compile(r"1[3-9][0-9]{9}")
_LANDLINE = re.compile(r"0[1-9][0-9]{8,10}")
_SERVICE = re.compile(r"[48]00[0-9]{7}")
_EXTENSION = re.compile(
    r"(?<=[0-9])\s*(?:-|转|分机|#|ext\.?|x|;ext=)\s*([0-9]{1,6})$", re.IGNORECASE
)
_SEPARATORS = re.compile(r"[\s().‐-―−-]")
_LONGEST = 40


class Phone(Declared, marshmallow_fields.String):
    """A phone number; comes out in its canonical form."""

    def __init__(self, title: str, **options: Any) -> None:
        super().__init__(title, metadata={"examples": ["13800000011", "0531-00000001"]}, **options)

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> str:
        if not isinstance(value, str):
            raise refusal("wrong_type")
        number = canonical(value)
        if number is None:
            raise ValidationError(cast("Any", fault("phone_format")))
        return number

    def accept(self, value: object) -> str:
        """The canonical form, soonest for a mainland number in plain digits; Doubt if there is
        none.
        """
        if value.__class__ is not str:
            raise Doubt
        if _MOBILE.fullmatch(value):
            return f"+86{value}"
        if _LANDLINE.fullmatch(value):
            return f"+86{value[1:]}"
        number = canonical(value)
        if number is None:
            raise Doubt
        return number


def canonical(text: str) -> str | None:
    """The canonical form of a number, None when it cannot be one."""
    text = plain(text)
    if len(text) > _LONGEST:
        return None
    bare = _SEPARATORS.sub("", text)
    if _is_mainland(bare):
        return f"+86{bare.removeprefix('0')}"
    number = _international(bare)
    extension = None if number else _EXTENSION.search(text)
    if extension is None:
        return number
    main = canonical(text[: extension.start()])
    if main is None or ";" in main or _MOBILE.fullmatch(main[3:]):
        return None
    return f"{main};ext={extension[1]}"


def _is_mainland(bare: str) -> bool:
    return any(shape.fullmatch(bare) for shape in (_MOBILE, _LANDLINE, _SERVICE))


def _international(bare: str) -> str | None:
    """A number with a country code, `+` or `00` in front; of our neighbours and ourselves also
    without, where length tells them apart.
    """
    bare = re.sub(r"^00", "+", bare)
    if re.fullmatch(r"85[23][0-9]{8}|886[0-9]{8,9}|86[0-9]{9,12}", bare):
        bare = f"+{bare}"
    if not re.fullmatch(r"\+[0-9]{7,16}", bare):
        return None
    national = re.sub(r"^\+860?", "", bare)
    if bare.startswith("+86") and (_is_mainland(national) or _is_mainland(f"0{national}")):
        return f"+86{national}"
    try:
        number = phonenumbers.parse(bare, None)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
