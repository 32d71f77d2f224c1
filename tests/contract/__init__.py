"""One suite, two sides: what CiviCRM does over HTTP, asked of the sandbox (always) or of a real site.

`CIVICRM_CONTRACT_URL` and `CIVICRM_CONTRACT_KEY` point it at a real site; for the tests of the small roles also
`CIVICRM_CONTRACT_RUNTIME_KEY`, and `CIVICRM_CONTRACT_STAFF` (NAME:PASSWORD of a staff user with a role of its own).
Where the two differ, the sandbox is wrong.
"""
