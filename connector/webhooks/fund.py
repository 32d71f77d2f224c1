"""Which funds there are: `mappings/stripe.toml`, checked by marshmallow."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from marshmallow import ValidationError, fields, post_load, validate

from connector import mappings
from connector.mappings import StrictSchema
from connector.money import cents

# Who sends receipts.
STRIPE, CIVICRM = "stripe", "civicrm"


@dataclass(frozen=True, slots=True)
class Asking:
    """What the giving page asks for, in the currency of the fund.

    smallest, largest: what a form may say. fee_percent, fee_fixed: what Stripe takes of a gift, for who covers it.
    """

    currency: str
    amounts: tuple[Decimal, ...]
    smallest: Decimal
    largest: Decimal
    fee_percent: Decimal
    fee_fixed: Decimal


@dataclass(frozen=True, slots=True)
class Goal:
    """What the money is for: so many protectors for so many months from `begin` on; price: of one for one month."""

    protectors: int
    months: int
    begin: date
    price: Decimal

    @property
    def needed(self) -> int:
        """How many protector-months the pilot has."""
        return self.protectors * self.months


@dataclass(frozen=True, slots=True)
class Fund:
    """One fund. name: what Stripe's metadata `fund_campaign` says; the next four are names in CiviCRM.

    receipts: who sends the one receipt of a gift, `stripe` or `civicrm`.
    """

    name: str
    campaign: str
    financial_type: str
    payment_instrument: str
    soft_credit_type: str
    receipts: str = STRIPE
    asking: Asking | None = None
    goal: Goal | None = None


def load(folder: Path) -> Mapping[str, Fund]:
    """Every fund by its name. Raises UserError with every problem of the file."""
    found: Mapping[str, Fund] = mappings.load(folder / "stripe.toml", _FileSchema())
    return found


class _Amount(fields.String):
    """An amount as text, so that no cent is lost on the way: "12.50"."""

    def _deserialize(self, value: Any, *args: Any, **kwargs: Any) -> Any:
        text = super()._deserialize(value, *args, **kwargs)
        try:
            amount = Decimal(text)
        except ArithmeticError:
            raise ValidationError('is no amount like "12.50"') from None
        if not 0 <= amount < 10**9 or amount != cents(amount):
            raise ValidationError('is no amount like "12.50"')
        return amount


class _AskingSchema(StrictSchema):
    currency = fields.String(required=True, validate=validate.Regexp("^[A-Z]{3}$"))
    amounts = fields.List(_Amount(), required=True, validate=validate.Length(1, 6))
    smallest = _Amount(required=True)
    largest = _Amount(required=True)
    fee_percent = _Amount(load_default=Decimal(0))
    fee_fixed = _Amount(load_default=Decimal(0))

    @post_load
    def _made(self, data: dict[str, Any], **_kwargs: Any) -> Asking:
        if not all(data["smallest"] <= one <= data["largest"] for one in data["amounts"]):
            raise ValidationError("is not between smallest and largest", "amounts")
        return Asking(**{**data, "amounts": tuple(data["amounts"])})


class _GoalSchema(StrictSchema):
    protectors = fields.Integer(required=True, validate=validate.Range(1, 1000))
    months = fields.Integer(required=True, validate=validate.Range(1, 120))
    begin = fields.Date(required=True)
    price = _Amount(required=True, validate=validate.Range(min=1))

    @post_load
    def _made(self, data: dict[str, Any], **_kwargs: Any) -> Goal:
        return Goal(**data)


class _FundSchema(StrictSchema):
    name = fields.String(required=True, validate=validate.Length(1, 64))
    campaign = fields.String(required=True)
    financial_type = fields.String(required=True)
    payment_instrument = fields.String(required=True)
    soft_credit_type = fields.String(required=True)
    receipts = fields.String(load_default=STRIPE, validate=validate.OneOf([STRIPE, CIVICRM]))
    asking = fields.Nested(_AskingSchema, load_default=None)
    goal = fields.Nested(_GoalSchema, load_default=None)

    @post_load
    def _made(self, data: dict[str, Any], **_kwargs: Any) -> Fund:
        return Fund(**data)


class _FileSchema(StrictSchema):
    fund = fields.List(fields.Nested(_FundSchema), required=True, validate=validate.Length(1))

    @post_load
    def _made(self, data: dict[str, Any], **_kwargs: Any) -> dict[str, Fund]:
        return {fund.name: fund for fund in data["fund"]}
