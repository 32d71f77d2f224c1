"""From a roster to people in CiviCRM groups: mapping, roster, desired, current, plan, apply, in this order."""
