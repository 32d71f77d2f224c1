"""Pure functions and single objects: no CiviCRM, no process, no waiting."""
