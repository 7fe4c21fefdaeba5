"""Money and other quantities as exact decimals: never a float, rounded once, half up, at the end."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import Final

CENT: Final = Decimal("0.01")
ZERO: Final = Decimal(0)
PAID_DAYS: Final = Decimal("21.75")
"""Days a month's wage is paid for, (365 - 104) / 12 (人社部发〔2025〕2号)."""
HOURS_A_MONTH: Final = PAID_DAYS * 8
"""Divide by these last: a wage of a day or an hour has no end of decimals."""


def rounded(amount: Decimal) -> Decimal:
    """To the fen."""
    return amount.quantize(CENT, ROUND_HALF_UP)


def yuan(amount: Decimal) -> str:
    """As answers show it: `12345.60`."""
    return format(rounded(amount), "f")


def plain(number: Decimal | int) -> str:
    """A count or a share without trailing zeros: `2.5`, `12`."""
    text = format(Decimal(number).quantize(Decimal("0.0001"), ROUND_HALF_UP), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
