"""What tests of the fund share: a Stripe that plays, the connector's door and worker, and what CiviCRM holds."""
