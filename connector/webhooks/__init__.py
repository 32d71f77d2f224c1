"""The fund: Stripe's payments as contributions in CiviCRM. Webhooks, the clock and people only wake `settle`."""
