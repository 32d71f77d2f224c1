"""What speaks to CiviCRM: how we ask (client, answers), what may be asked (schema), what we ask (records)."""
