"""Money as Stripe counts it: the smallest unit of each currency, what arrives in euro, and what Stripe keeps."""

import re
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from sandbox.stripe.world import Refused

SETTLEMENT = "eur"
ZERO_DECIMALS = frozenset(
    ("bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "vnd", "vuv", "xaf", "xof", "xpf")
)
THREE_DECIMALS = frozenset(("bhd", "jod", "kwd", "omr", "tnd"))
# Euro for one unit; made up, but of the right size.
RATES = {
    "usd": "0.92",
    "gbp": "1.15",
    "chf": "1.05",
    "sek": "0.088",
    "ils": "0.25",
    "jpy": "0.0061",
    "krw": "0.00066",
    "kwd": "2.82",
    "jod": "1.30",
    "bhd": "2.45",
}
FEES = {"card": (Decimal("0.015"), 25), "sepa_debit": (Decimal(0), 35)}


@dataclass(frozen=True)
class Settled:
    """An amount in the account's own currency."""

    amount: int
    currency: str
    exchange_rate: float | None


def decimals(currency: str) -> int:
    """How many decimals the smallest unit of a currency stands for."""
    return 0 if currency in ZERO_DECIMALS else 3 if currency in THREE_DECIMALS else 2


def settled(amount: int, currency: str) -> Settled:
    """What an amount becomes on the account; exchange_rate is euro for one unit, null where nothing is exchanged."""
    if currency == SETTLEMENT:
        return Settled(amount, SETTLEMENT, None)
    rate = Decimal(RATES[currency])
    euro = Decimal(amount).scaleb(-decimals(currency)) * rate
    return Settled(rounded(euro.scaleb(2)), SETTLEMENT, float(rate))


def fee(amount: int, method: str) -> int:
    """What Stripe keeps of a settled amount."""
    share, fixed = FEES[method]
    return rounded(amount * share) + fixed


def rounded(amount: Decimal) -> int:
    """To a whole unit, halves away from zero."""
    return int(amount.quantize(Decimal(1), ROUND_HALF_UP))


def shown(amount: int, currency: str) -> str:
    """An amount as people write it: `50.00 EUR`."""
    return f"{Decimal(amount).scaleb(-decimals(currency)):f} {currency.upper()}"


def typed(text: str, currency: str) -> int:
    """What somebody typed into a page, such as `12.50`, in the smallest unit."""
    text = text.strip().replace(",", ".")
    amount = Decimal(text if re.fullmatch(r"\d{1,8}(\.\d{1,3})?", text) else 0).scaleb(decimals(currency))
    if amount <= 0 or amount != amount.to_integral_value():
        raise Refused(f"{text!r} is no amount in {currency.upper()}.")
    return int(amount)
