"""FACTS §9: CiviCRM sends a receipt on request, and notes the day with the contribution."""

from .giving import Fund
from .wire import Site


def test_s09_a_receipt_leaves_its_day(site: Site, runtime: str) -> None:
    fund = Fund(site)
    site.save("Email", {"contact_id": fund.giver, "email": "amina@example.org"})
    invoice = fund.give(total_amount=10)

    def day() -> tuple[int, str | None]:
        (row,) = site.get("Contribution", fund.named(invoice), "receipt_date", who=runtime)
        return row["id"], row["receipt_date"]

    number, before = day()
    assert before is None
    answer = site.v3("Contribution", "sendconfirmation", runtime, id=number, receipt_from_email="fund@example.org")
    assert (answer.status, answer.body["is_error"]) == (200, 0)
    assert day()[1] is not None
