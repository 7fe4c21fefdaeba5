"""All calculators by name, in the order in which people ask for them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from services.query.guidance.calculators.absence import ABSENCE
from services.query.guidance.calculators.annual_leave import ANNUAL_LEAVE
from services.query.guidance.calculators.contract_terms import CONTRACT_TERMS
from services.query.guidance.calculators.dismissal import DISMISSAL
from services.query.guidance.calculators.double_wage import DOUBLE_WAGE
from services.query.guidance.calculators.injury import INJURY
from services.query.guidance.calculators.injury_pay import INJURY_PAY
from services.query.guidance.calculators.limitation import LIMITATION
from services.query.guidance.calculators.outcome import Calculator
from services.query.guidance.calculators.wages import WAGES

CALCULATORS: Final[Mapping[str, Calculator]] = {
    found.name: found
    for found in (
        *DISMISSAL,
        DOUBLE_WAGE,
        *WAGES,
        ANNUAL_LEAVE,
        *INJURY,
        *INJURY_PAY,
        *CONTRACT_TERMS,
        *ABSENCE,
        LIMITATION,
    )
}
