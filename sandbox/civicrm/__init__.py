"""A stand-in for CiviCRM 6.18: API v4 (and a little v3) over HTTP, with the habits of the real one, good and bad.

What it does is proved by tests/contract, which runs the same tests against it and against a real site.
"""
