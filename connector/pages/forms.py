"""What givers write into forms, checked by marshmallow: amounts, a chapter, a note. Everything else is dropped."""

import re
from dataclasses import dataclass
from decimal import ROUND_UP, Decimal
from typing import Any

from flask_babel import gettext, lazy_gettext as _
from marshmallow import EXCLUDE, Schema, ValidationError, fields, post_load, validate

from connector.money import cents, to_minor
from connector.webhooks.fund import Asking

# What a chapter's code looks like; whether there is such a chapter is looked at when the gift has come.
CHAPTER = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,31}\Z")
LONGEST_NOTE = 255  # as a text field of CiviCRM
_ARABIC = str.maketrans({"٫": ".", "٬": "", "،": ","})


@dataclass(frozen=True, slots=True)
class Gift:
    """One filled-in form. amount: what is paid, with the fee where the giver covers it."""

    amount: Decimal
    currency: str
    monthly: bool = False
    chapter: str = ""
    note: str = ""
    anonymous: bool = False

    @property
    def minor(self) -> int:
        """The amount as Stripe writes it."""
        return to_minor(self.amount, self.currency)


def parse(form: Any, asking: Asking) -> Gift:
    """Raises ValidationError with a message for each field that has to be corrected, in the giver's language."""
    gift: Gift = _GiftSchema(asking).load({name: value for name, value in form.items() if value != ""})
    return gift


def with_fee(amount: Decimal, asking: Asking) -> Decimal:
    """What has to be paid so that `amount` arrives."""
    share = 1 - asking.fee_percent / 100
    return ((amount + asking.fee_fixed) / share).quantize(Decimal("0.01"), ROUND_UP)


def amount_of(text: str) -> Decimal:
    """An amount as people write it: 12, 12.50, 12,50, in any digits. Raises ValueError for anything else."""
    plain = text.strip().translate(_ARABIC).replace(",", ".")
    if not re.fullmatch(r"\d{1,9}(\.\d{1,2})?", plain):
        raise ValueError(text)
    return cents(Decimal(plain))


class _GiftSchema(Schema):
    """The fields of templates/give.html. `other` counts when it is filled in, whatever `amount` says."""

    class Meta:
        """What else a form holds (its number, the token against forgery) is not ours."""

        unknown = EXCLUDE

    def __init__(self, asking: Asking) -> None:
        super().__init__()
        self.asking = asking

    amount = fields.String(load_default="")
    other = fields.String(load_default="")
    how_often = fields.String(
        load_default="once", validate=validate.OneOf(["once", "monthly"], error=_("Choose once or monthly."))
    )
    chapter = fields.String(
        load_default="", validate=validate.Regexp(CHAPTER, error=_("A chapter's code has letters and digits only."))
    )
    note = fields.String(
        load_default="", validate=validate.Length(max=LONGEST_NOTE, error=_("Please write at most {max} characters."))
    )
    anonymous = fields.Boolean(load_default=False)
    cover = fields.Boolean(load_default=False)

    @post_load
    def _made(self, data: dict[str, Any], **_kwargs: Any) -> Gift:
        asking = self.asking
        try:
            amount = amount_of(data["other"] if data["other"] and data["amount"] in ("", "other") else data["amount"])
        except ValueError:
            raise ValidationError(gettext("Please write an amount, such as 25 or 12.50."), "amount") from None
        if not asking.smallest <= amount <= asking.largest:
            bounds = {
                "smallest": f"{asking.smallest} {asking.currency}",
                "largest": f"{asking.largest} {asking.currency}",
            }
            told = gettext("Please give between %(smallest)s and %(largest)s here.", **bounds)
            raise ValidationError(told, "amount")
        return Gift(
            amount=with_fee(amount, asking) if data["cover"] else amount,
            currency=asking.currency,
            monthly=data["how_often"] == "monthly",
            chapter=data["chapter"].strip(),
            note=" ".join(data["note"].split()),
            anonymous=data["anonymous"],
        )
