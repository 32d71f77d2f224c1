"""One suite, two sides: what CiviCRM does over HTTP, asked of the sandbox (always) or of a real site.

`CIVICRM_CONTRACT_URL` and `CIVICRM_CONTRACT_KEY` (and, for the tests of the small role, `CIVICRM_CONTRACT_RUNTIME_KEY`)
point it at a real site. Where the two differ, the sandbox is wrong.
"""
