"""The field types of the schema language: each declares, checks and normalises one value.

They are marshmallow's own kinds with its standard validators, so that apispec describes them;
their faults are codes. What comes out is JSON again: dates stay ISO 8601 strings.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from contextvars import ContextVar
from datetime import date, datetime
from math import isnan
from typing import Any, cast

from marshmallow import Schema, ValidationError, fields, validate

from shared.contracts.faults import Fault, fault
from shared.errors import Text

EARLIEST = "1900-01-01"
MAX_NUMBER = 1_000_000_000_000

latest: ContextVar[str] = ContextVar("latest", default="9999-12-31")
"""Last day that a date which cannot lie in the future may have, ISO 8601."""


class Doubt(Exception):
    """The fast path does not know this value; the declaration decides."""


# Text ------------------------------------------------------------------------------------------

# Marks that copying from other programs leaves behind and that could reorder what others read.
_INVISIBLE = dict.fromkeys(
    [0xAD, 0x200B, 0x200E, 0x200F, 0x2060, 0xFEFF, *range(0x202A, 0x202F), *range(0x2066, 0x206A)]
)
_BREAKS = re.compile(r"\s*[\t\r\n\u2028\u2029]+\s*")
_FORBIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")


def tidy(text: str) -> str:
    """Without invisible marks and surrounding space."""
    return text.translate(_INVISIBLE).strip()


def plain(text: str) -> str:
    """Tidy, with full-width and other compatibility forms as plain characters (NFKC)."""
    return tidy(unicodedata.normalize("NFKC", text))


def refusal(code: str, *values: object) -> ValidationError:
    """A field's refusal with the common wording of this code."""
    return ValidationError(cast("Any", fault(code, *values)))


MISSING: dict[str, Any] = {"required": fault("required"), "null": fault("required")}


class Declared(fields.Field[Any]):
    """What all fields share: a Chinese title, null and blank allowed exactly when optional.

    `missing` is said instead of the common wording when a required value is not given.
    """

    default_error_messages = MISSING

    def __init__(
        self, title: str, *, required: bool = False, missing: Text | None = None, **options: Any
    ) -> None:
        metadata = {"title": title} | options.pop("metadata", {})
        if missing is not None:
            absent = Fault("required", missing)
            options["error_messages"] = {"required": absent, "null": absent}
        super().__init__(required=required, allow_none=not required, metadata=metadata, **options)

    def deserialize(self, value: Any, attr: Any = None, data: Any = None, **kwargs: Any) -> Any:
        if isinstance(value, str) and not tidy(value):
            value = None
        return super().deserialize(value, attr, data, **kwargs)


class Str(Declared, fields.String):
    """Text people wrote, of at most `limit` characters; of several lines if `lines`."""

    def __init__(self, title: str, limit: int, *, lines: bool = False, **options: Any) -> None:
        self.limit = limit
        self.lines = lines
        length = validate.Length(min=1, max=limit, error="too_long {max}")
        super().__init__(title, validate=length, **options)

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> str:
        if not isinstance(value, str):
            raise refusal("wrong_type")
        text = tidy(value)
        if self.lines:
            text = text.replace("\r\n", "\n").replace("\r", "\n")
        else:
            text = _BREAKS.sub(" ", text)
        if _FORBIDDEN.search(text):
            raise refusal("invalid_character")
        return text


class Code(Declared, fields.String):
    """A code that as a whole matches `pattern`, once it is plain; `fault_code` when it does not.

    `upper` makes letters capitals, `compact` takes out inner spaces and hyphens.
    """

    def __init__(
        self,
        title: str,
        pattern: str,
        *,
        fault_code: str | Fault = "bad_format",
        upper: bool = False,
        compact: bool = False,
        **options: Any,
    ) -> None:
        self.upper = upper
        self.compact = compact
        # validate.Regexp could only say a code of the common wording; a service has its own.
        self.mismatch = fault(fault_code) if isinstance(fault_code, str) else fault_code
        self.pattern = re.compile(rf"^(?:{pattern})$", re.ASCII)
        super().__init__(title, validate=_Matches(self.pattern, self.mismatch), **options)

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> str:
        if not isinstance(value, str):
            raise refusal("wrong_type")
        text = plain(value)
        if _FORBIDDEN.search(text):
            raise refusal("invalid_character")
        if self.compact:
            text = re.sub(r"[\s\-‐-―−]", "", text)
        return text.upper() if self.upper else text


class _Matches(validate.Regexp):
    """validate.Regexp whose refusal is a Fault."""

    def __init__(self, pattern: re.Pattern[str], mismatch: Fault) -> None:
        super().__init__(pattern)
        self.mismatch = mismatch

    def __call__(self, value: Any) -> Any:
        if self.regex.match(value) is None:
            raise ValidationError(cast("Any", [self.mismatch]))
        return value


class Slug(Code):
    """A word of an open vocabulary; `known` are those we offer ourselves."""

    def __init__(self, title: str, known: Iterable[str] = (), **options: Any) -> None:
        self.known = tuple(known)
        metadata = {"examples": list(self.known)} if self.known else {}
        super().__init__(
            title, "[a-z][a-z0-9_]{0,63}", fault_code="unknown_value", metadata=metadata, **options
        )


class Choice(Declared, fields.String):
    """One word of a closed list."""

    def __init__(self, title: str, choices: Iterable[str], **options: Any) -> None:
        self.choices = tuple(choices)
        one_of = validate.OneOf(self.choices, error="unknown_value")
        super().__init__(title, validate=one_of, **options)

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> str:
        if not isinstance(value, str):
            raise refusal("wrong_type")
        return plain(value)


class Email(Code):
    """An e-mail address of the common form, RFC 5321 lengths."""

    def __init__(self, title: str, **options: Any) -> None:
        super().__init__(
            title,
            r"(?=.{6,254}$)[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}"
            r"@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z0-9-]{2,63}",
            metadata={"format": "email"},
            **options,
        )


# Numbers, truth and time -----------------------------------------------------------------------

_TYPED = re.compile(r"(?:\d{1,13}|\d{1,3}(?:,\d{3}){1,4})(?:\.(\d+))?", re.ASCII)


class Flag(Declared, fields.Boolean):
    """true or false, nothing that merely looks like it."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> bool:
        if value is True or value is False:
            return bool(value)
        raise refusal("wrong_type")


class Count(Declared, fields.Integer):
    """A whole number from `least` to `most`; one typed as text is understood."""

    def __init__(
        self, title: str, *, least: int = 0, most: int = MAX_NUMBER, **options: Any
    ) -> None:
        self.least = least
        self.most = most
        within = validate.Range(min=least, max=most, error="out_of_range {min} {max}")
        super().__init__(title, validate=within, **options)

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> int:
        number = _number(value)
        if number != int(number):
            raise refusal("wrong_type")
        return int(number)


class Amount(Declared, fields.Float):
    """Money in CNY: a number from 0 up with at most two decimals; typed as text is understood."""

    def __init__(self, title: str, *, most: int = MAX_NUMBER, **options: Any) -> None:
        self.most = most
        within = validate.Range(min=0, max=most, error="out_of_range {min} {max}")
        super().__init__(title, validate=within, **options)

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> Any:
        number = _number(value)
        if round(number, 2) != number:
            raise refusal("too_precise")
        return number


def _number(value: Any) -> int | float:
    """A finite number of a size that arithmetic and BSON can hold; booleans are none."""
    if isinstance(value, str):
        typed = _TYPED.fullmatch(plain(value))
        if typed is None:
            raise refusal("wrong_type")
        text = typed.group().replace(",", "")
        return float(text) if typed.group(1) else int(text)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise refusal("wrong_type")
    if isinstance(value, float) and isnan(value):
        raise refusal("wrong_type")
    if not -MAX_NUMBER <= value <= MAX_NUMBER:
        raise refusal("out_of_range", 0, MAX_NUMBER)
    return value


_DATE = re.compile(r"(\d{4})(?:([-/.])(\d{1,2})\2(\d{1,2})|年(\d{1,2})月(\d{1,2})日)", re.ASCII)


class Date(Declared, fields.Date):
    """A real day from 1900 on as an ISO 8601 string; not after today if `past`.

    2026/3/5, 2026.3.5 and 2026年3月5日 are understood too.
    """

    def __init__(self, title: str, *, past: bool = False, **options: Any) -> None:
        self.past = past
        super().__init__(title, **options)

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> Any:
        if not isinstance(value, str):
            raise refusal("wrong_type")
        match = _DATE.fullmatch(plain(value))
        if match is None:
            raise refusal("not_a_date")
        year, _sep, month, day, other_month, other_day = match.groups()
        try:
            text = date(int(year), int(month or other_month), int(day or other_day)).isoformat()
        except ValueError:
            raise refusal("not_a_date") from None
        if text < EARLIEST:
            raise refusal("not_a_date")
        if self.past and text > latest.get():
            raise refusal("in_future")
        return text


_MOMENT = re.compile(
    r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?(?:Z|[+-]\d\d:?\d\d)?", re.ASCII
)


class Moment(Declared, fields.DateTime):
    """A real date and time as an RFC 3339 string; without an offset it is Beijing's."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> Any:
        if not isinstance(value, str):
            raise refusal("wrong_type")
        text = plain(value).replace("t", "T").replace("z", "Z")
        if _MOMENT.fullmatch(text) is None:
            raise refusal("not_a_time")
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            raise refusal("not_a_time") from None
        if moment.tzinfo is not None and text[10] == "T" and _RFC3339.fullmatch(text):
            return text
        return moment.isoformat() + ("" if moment.tzinfo else "+08:00")


_RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:Z|[+-]\d\d:\d\d)", re.ASCII)


# Structure -------------------------------------------------------------------------------------


class Detail(Declared, fields.Raw):
    """A scalar of any kind, for particulars that clients state in words, numbers or yes and no."""

    def __init__(self, title: str, limit: int = 500, **options: Any) -> None:
        self.text = Str(title, limit)
        super().__init__(title, metadata={"type": ["string", "number", "boolean"]}, **options)

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> Any:
        if isinstance(value, bool):
            return value
        if isinstance(value, (int, float)):
            return _number(value)
        return self.text.deserialize(value)


class Part(Declared, fields.Nested):
    """An object inside."""

    def __init__(self, title: str, nested: type[Schema], **options: Any) -> None:
        super().__init__(title, nested=nested, **options)


class Parts(Declared, fields.List[Any]):
    """A list of at most `most` entries; a required one has at least one.

    Entries keep their places when some are at fault: a faulty one is what could be read of it.
    """

    def __init__(self, title: str, inner: fields.Field[Any], *, most: int, **options: Any) -> None:
        self.most = most
        least = 1 if options.get("required") else None
        length = validate.Length(min=least, max=most, error="too_many {max}")
        super().__init__(title, cls_or_instance=inner, validate=length, **options)
        self.inner.allow_none = False

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> list[Any]:
        if not isinstance(value, list):
            raise refusal("wrong_type")
        if not value and self.required:
            raise self.make_error("required")
        if len(value) > self.most:
            return value  # the length is the fault to tell; thousands of others would hide it
        entries: list[Any] = []
        faults: dict[int, Any] = {}
        for index, entry in enumerate(value):
            try:
                entries.append(self.inner.deserialize(entry))
            except ValidationError as error:
                entries.append(error.valid_data)
                faults[index] = error.messages
        if faults:
            raise ValidationError(cast("Any", faults), valid_data=entries)
        return entries
