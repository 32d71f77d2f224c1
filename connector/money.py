"""Money as Stripe writes it (whole numbers of the smallest unit) and as CiviCRM does (decimals). Never a float."""

from decimal import ROUND_HALF_EVEN, Decimal

# https://docs.stripe.com/currencies: those without a smaller unit, and those with a thousandth. Every other has a
# hundredth to Stripe, also ISK, UGX, HUF and TWD, whose hundredths are only ever written as 00.
_WHOLE = frozenset(
    ("bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "vnd", "vuv", "xaf", "xof", "xpf")
)
_THOUSANDTHS = frozenset(("bhd", "jod", "kwd", "omr", "tnd"))
# What CiviCRM keeps: two decimals of any currency. Thousandths lose nothing, because Stripe wants their last digit 0.
CENT = Decimal("0.01")
NOTHING = Decimal("0.00")


def places(currency: str) -> int:
    """How many decimals Stripe's amounts in this currency have."""
    lower = currency.lower()
    return 0 if lower in _WHOLE else 3 if lower in _THOUSANDTHS else 2


def from_minor(amount: int, currency: str) -> Decimal:
    """Stripe's amount as CiviCRM writes it. amount: in the smallest unit of `currency`, an ISO 4217 code."""
    return cents(Decimal(amount).scaleb(-places(currency)))


def to_minor(amount: Decimal, currency: str) -> int:
    """A decimal as Stripe writes it. Raises ValueError when it has parts smaller than the currency has."""
    minor = amount.scaleb(places(currency))
    if minor != minor.to_integral_value():
        raise ValueError("smaller than the currency's smallest unit")
    return int(minor)


def cents(amount: Decimal | str | int) -> Decimal:
    """The amount with two decimals, which is how amounts are compared."""
    return Decimal(amount).quantize(CENT, ROUND_HALF_EVEN)
