"""The two factors of economic compensation: the wage that counts and the months owed.

劳动合同法 47; 劳动合同法实施条例 27.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Final, NamedTuple

from services.query.guidance.calculators.amounts import plain, yuan
from services.query.guidance.calculators.inputs import Values
from services.query.guidance.calculators.outcome import Line, line
from services.query.guidance.calculators.periods import Service, service
from shared.errors import Text

YEARS_MOST: Final = Decimal(12)
_HIGH_WAGES: Final = 3


class Base(NamedTuple):
    """The wage that counts, the most years that count, and what was bounded."""

    wage: Decimal
    years_most: Decimal | None
    bounds: tuple[Line, ...]
    warnings: tuple[Line, ...]


def base(values: Values) -> Base:
    """The wage raised to the minimum, or lowered to three times the local average."""
    wage: Decimal = values["monthly_wage"]
    minimum: Decimal | None = values.get("local_minimum_wage")
    average: Decimal | None = values.get("local_average_wage")
    warnings = []
    if average is None:
        warnings.append(
            line(
                Text(
                    "未填写当地上年度职工月平均工资，未核对三倍封顶和十二年上限。",
                    "Without the local average wage the cap of three times it and the limit of twelve"
                    " years were not checked.",
                ),
                "LCL 47",
            )
        )
    if minimum is not None and wage < minimum:
        raised = line(
            Text(
                f"月工资{yuan(wage)}元低于当地最低工资，按{yuan(minimum)}元计算。",
                f"The wage of CNY {yuan(wage)} is below the minimum: CNY {yuan(minimum)} counts.",
            ),
            "LCR 27",
        )
        return Base(minimum, None, (raised,), tuple(warnings))
    if average is not None and wage > _HIGH_WAGES * average:
        cap = _HIGH_WAGES * average
        capped = line(
            Text(
                f"月工资{yuan(wage)}元高于当地月平均工资的三倍，按{yuan(cap)}元计算，年限最高12年。",
                f"The wage of CNY {yuan(wage)} is above three times the local average:"
                f" CNY {yuan(cap)} counts, for twelve years at most.",
            ),
            "LCL 47",
        )
        return Base(cap, YEARS_MOST, (capped,), tuple(warnings))
    return Base(wage, None, (), tuple(warnings))


class Months(NamedTuple):
    owed: Decimal
    steps: tuple[Line, ...]
    bounds: tuple[Line, ...]


def months_owed(start: date, last: date, years_most: Decimal | None) -> Months:
    """Months of wage for a time of work, and how they were counted."""
    worked = service(start, last)
    owed = worked.owed
    counted = line(
        Text(
            f"自{start.isoformat()}至{last.isoformat()}共{length_of(worked).zh}；满一年计一个月，"
            f"六个月以上不满一年计一个月，不满六个月计半个月，合计{plain(owed)}个月。",
            f"From {start.isoformat()} to {last.isoformat()} are {length_of(worked).en}: a month for each"
            f" year, a month for six months or more, half for less, so {plain(owed)} months.",
        ),
        "LCL 47",
    )
    if years_most is None or owed <= years_most:
        return Months(owed, (counted,), ())
    limited = line(
        Text(
            f"{plain(owed)}个月超过上限，按{plain(years_most)}个月计算。",
            f"{plain(owed)} months are more than the limit: {plain(years_most)} count.",
        ),
        "LCL 47",
    )
    return Months(years_most, (counted,), (limited,))


def length_of(worked: Service) -> Text:
    return Text(
        f"{worked.years}年{worked.months}个月{worked.days}天",
        f"{worked.years} years, {worked.months} months and {worked.days} days",
    )
