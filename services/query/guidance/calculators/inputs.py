"""What a calculator asks for: one declaration gives the body's schema, its checks and the listing.

Money is CNY with at most two decimals, typed as a decimal string ("8000.50") or a JSON number, which
is read by its shortest decimal form; from there on it is a Decimal.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final, Literal

from marshmallow import ValidationError, fields

from services.query.guidance.norms import Source, cite
from shared.contracts.faults import Fault, fault
from shared.contracts.fields import Choice, Count, Date, Declared, Flag, plain
from shared.contracts.schema import Body, Rule
from shared.errors import FieldError, Language, Text

Unit = Literal["CNY", "CNY/month", "date", "days", "hours", "months", "years", "grade", "children",
               "year", "choice", "yes_no"]  # fmt: skip
Values = Mapping[str, Any]

UNITS: Final[Mapping[str, Text]] = {
    "CNY": Text("元", "CNY"),
    "CNY/month": Text("元/月", "CNY a month"),
    "date": Text("日期", "date"),
    "days": Text("天", "days"),
    "hours": Text("小时", "hours"),
    "months": Text("个月", "months"),
    "years": Text("年", "years"),
    "grade": Text("级", "grade"),
    "children": Text("个婴儿", "children"),
    "year": Text("公历年度", "calendar year"),
    "choice": Text("选项", "choice"),
    "yes_no": Text("是或否", "yes or no"),
}

TOO_PRECISE: Final = Fault("too_precise", Text("最多保留两位小数", "At most two decimals"))
BEFORE_START: Final = Fault(
    "before_start", Text("不能早于开始日期", "Cannot be before the first day")
)
TOO_LONG_AGO: Final = Fault(
    "out_of_range",
    Text("起止时间不能超过六十年", "The two days cannot be more than sixty years apart"),
)
NOT_FORESEEN: Final = Fault(
    "out_of_range",
    Text("应在1950年至明年年底之间", "Must lie between 1950 and the end of next year"),
)

WAGE_MOST: Final = 1_000_000
AMOUNT_MOST: Final = 100_000_000
EARLIEST: Final = date(1950, 1, 1)
_LONGEST_YEARS: Final = 60
_TYPED = re.compile(r"-?(?:\d{1,12}|\d{1,3}(?:,\d{3}){1,3})(?:\.\d{1,40})?", re.ASCII)


class Quantity(Declared, fields.Raw):
    """A decimal number from `least` to `most` with at most two decimals; it comes out as a Decimal."""

    def __init__(self, title: str, *, least: int, most: int, **options: Any) -> None:
        self.least = least
        self.most = most
        described = {
            "type": ["string", "number"],
            "pattern": r"^[0-9]{1,9}(\.[0-9]{1,2})?$",
            "minimum": least,
            "maximum": most,
        }
        metadata = described | options.pop("metadata", {})
        super().__init__(title, metadata=metadata, **options)

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> Decimal:
        if isinstance(value, bool) or not isinstance(value, (str, int, float)):
            raise _refusal(fault("wrong_type"))
        text = plain(value if isinstance(value, str) else format(Decimal(repr(value)), "f"))
        if isinstance(value, (int, float)) and not self.least <= value <= self.most:
            raise _refusal(fault("out_of_range", self.least, self.most))
        if _TYPED.fullmatch(text) is None:
            raise _refusal(fault("wrong_type"))
        number = Decimal(text.replace(",", ""))
        if not self.least <= number <= self.most:
            raise _refusal(fault("out_of_range", self.least, self.most))
        if number != round(number, 2):
            raise _refusal(TOO_PRECISE)
        return number


def _refusal(found: Fault) -> ValidationError:
    return ValidationError([found])


@dataclass(frozen=True, slots=True)
class Input:
    """One thing asked; `least` and `most` in its unit, `source` where the law says what it is."""

    name: str
    title: Text
    unit: Unit
    least: int = 0
    most: int = WAGE_MOST
    required: bool = True
    source: Source | None = None
    choices: Mapping[str, Text] | None = None

    def field(self) -> fields.Field[Any]:
        title = self.title.zh
        metadata = {"description": f"{self.title.en} ({UNITS[self.unit].en})"}
        asked: dict[str, Any] = {"required": self.required, "metadata": metadata}
        match self.unit:
            case "date":
                return _described(Date(title, required=self.required), metadata)
            case "yes_no":
                return _described(Flag(title, required=self.required), metadata)
            case "choice":
                choices = self.choices or {}
                return _described(Choice(title, choices, required=self.required), metadata)
            case "grade" | "children" | "year" | "years":
                count = Count(title, least=self.least, most=self.most, required=self.required)
                return _described(count, metadata)
            case _:
                return Quantity(title, least=self.least, most=self.most, **asked)

    def shown(self, language: Language) -> dict[str, Any]:
        bounded = self.unit not in {"date", "yes_no", "choice"}
        return {
            "name": self.name,
            "title": self.title.to(language),
            "unit": self.unit,
            "unit_text": UNITS[self.unit].to(language),
            "required": self.required,
            "least": str(self.least) if bounded else None,
            "most": str(self.most) if bounded else None,
            "choices": [
                {"value": value, "text": text.to(language)}
                for value, text in (self.choices or {}).items()
            ],
            "source": self.source.shown(language) if self.source else None,
        }


def _described(field: fields.Field[Any], metadata: Mapping[str, Any]) -> fields.Field[Any]:
    field.metadata = {**field.metadata, **metadata}
    return field


def body(name: str, inputs: Sequence[Input], rules: Iterable[Rule] = ()) -> type[Body]:
    """The schema of a calculator's body."""
    declared = {asked.name: asked.field() for asked in inputs}
    names = {"__doc__": f"What `{name}` is worked out from.", "rules": tuple(rules)}
    camel = "".join(part.capitalize() for part in name.split("_"))
    return type(f"{camel}Inputs", (Body,), {**declared, **names})


# Inputs that several calculators ask for --------------------------------------------------------

STARTED = Input(
    "started_on", Text("入职（用工）之日", "First day of work"), "date", source=cite("LCL 7")
)
ENDED = Input(
    "ended_on",
    Text("劳动合同解除或者终止之日", "Day the contract ended"),
    "date",
    source=cite("LCL 50"),
)
AVERAGE_WAGE = Input(
    "monthly_wage",
    Text(
        "解除或者终止前12个月的月平均应得工资，含奖金、津贴和补贴",
        "Average gross wage a month in the 12 months before the end, bonuses and allowances included",
    ),
    "CNY/month", 1, source=cite("LCR 27"),
)  # fmt: skip
LOCAL_AVERAGE = Input(
    "local_average_wage",
    Text("当地上年度职工月平均工资", "Local average wage a month of the year before"),
    "CNY/month", 500, 100_000, required=False, source=cite("LCL 47"),
)  # fmt: skip
LOCAL_MINIMUM = Input(
    "local_minimum_wage",
    Text("当地月最低工资标准", "Local minimum wage a month"),
    "CNY/month", 100, 20_000, required=False, source=cite("LCR 27"),
)  # fmt: skip
WAGE = Input("monthly_wage", Text("月工资", "Wage a month"), "CNY/month", 1, source=cite("LL 50"))


# Rules across fields ----------------------------------------------------------------------------


def day(values: Values, name: str) -> date | None:
    """A day that was stated and is one."""
    text = values.get(name)
    return date.fromisoformat(text) if isinstance(text, str) else None


def in_order(first: str, *later: str) -> Rule:
    """Days after 1950 and not beyond next year; `later` ones not before `first`, which may be stated
    or not, nor sixty years after it."""

    def rule(values: Values, today: date) -> Iterable[FieldError]:
        start = day(values, first)
        for name in (first, *later):
            on = day(values, name)
            if on is None:
                continue
            if not EARLIEST <= on <= date(today.year + 1, 12, 31):
                yield NOT_FORESEEN.at(f"/{name}")
            elif start and on < start:
                yield BEFORE_START.at(f"/{name}")
            elif start and (on - start).days > _LONGEST_YEARS * 366:
                yield TOO_LONG_AGO.at(f"/{name}")

    return rule


def not_in_future(*names: str) -> Rule:
    """Days that have come."""

    def rule(values: Values, today: date) -> Iterable[FieldError]:
        for name in names:
            on = day(values, name)
            if on is not None and on > today:
                yield fault("in_future").at(f"/{name}")

    return rule


IN_FORCE: Final = date(2008, 1, 1)
"""The labour contract law; compensation by its article 46 counts years from here (97)."""

BEFORE_THE_LAW: Final = Fault(
    "out_of_range",
    Text(
        "早于2008年1月1日劳动合同法施行", "Before the Labour Contract Law came into force in 2008"
    ),
)


def in_force_by(name: str) -> Rule:
    """What happened on this day is governed by the labour contract law."""

    def rule(values: Values, _: date) -> Iterable[FieldError]:
        on = day(values, name)
        if on is not None and EARLIEST <= on < IN_FORCE:
            yield BEFORE_THE_LAW.at(f"/{name}")

    return rule


MINIMUM_ABOVE_AVERAGE: Final = Fault(
    "out_of_range",
    Text("最低工资不能高于当地平均工资", "The minimum wage cannot be above the average wage"),
)


def minimum_below_average(values: Values, _: date) -> Iterable[FieldError]:
    minimum, average = values.get("local_minimum_wage"), values.get("local_average_wage")
    if minimum is not None and average is not None and minimum > average:
        yield MINIMUM_ABOVE_AVERAGE.at("/local_minimum_wage")
