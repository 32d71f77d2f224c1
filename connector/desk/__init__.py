"""What staff see and decide inside CiviCRM, for every flow: what their forms make, and what we write back."""
