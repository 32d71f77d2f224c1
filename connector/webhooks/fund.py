"""Which funds there are: `mappings/stripe.toml`, checked by marshmallow."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from marshmallow import fields, post_load, validate

from connector import mappings
from connector.mappings import StrictSchema


@dataclass(frozen=True, slots=True)
class Fund:
    """One fund. name: what Stripe's metadata `fund_campaign` says; the rest are names in CiviCRM."""

    name: str
    campaign: str
    financial_type: str
    payment_instrument: str
    soft_credit_type: str


def load(folder: Path) -> Mapping[str, Fund]:
    """Every fund by its name. Raises UserError with every problem of the file."""
    found: Mapping[str, Fund] = mappings.load(folder / "stripe.toml", _FileSchema())
    return found


class _FundSchema(StrictSchema):
    name = fields.String(required=True, validate=validate.Length(1, 64))
    campaign = fields.String(required=True)
    financial_type = fields.String(required=True)
    payment_instrument = fields.String(required=True)
    soft_credit_type = fields.String(required=True)

    @post_load
    def _made(self, data: dict[str, Any], **_kwargs: Any) -> Fund:
        return Fund(**data)


class _FileSchema(StrictSchema):
    fund = fields.List(fields.Nested(_FundSchema), required=True, validate=validate.Length(1))

    @post_load
    def _made(self, data: dict[str, Any], **_kwargs: Any) -> dict[str, Fund]:
        return {fund.name: fund for fund in data["fund"]}
