"""Action alerts: staff write and approve them in CiviCRM, and the mailings there are made to agree with them."""
