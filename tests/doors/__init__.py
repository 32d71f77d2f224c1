"""The edges of the connector: HTTP to CiviCRM, the web service, the command line."""
