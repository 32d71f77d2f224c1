"""Who is calling: the key in X-Civi-Auth, Authorization or `_authx`, else the session's cookie.

With the refusals that CiviCRM's authx gives; http.py asks before any API code runs.
"""

from flask import Request

from sandbox.civicrm import accounts
from sandbox.civicrm.errors import LoginRefused
from sandbox.civicrm.site import Caller, Site

_FLOWS = {"X-Civi-Auth": "xheader", "Authorization": "header"}


def caller_of(site: Site, request: Request) -> Caller:
    """The caller behind the request's key; anonymous only when no credential was sent at all."""
    for header, flow in _FLOWS.items():
        if header in request.headers:
            return _by_credential(site, request.headers[header], flow)
    if "_authx" in request.values:
        return _by_credential(site, request.values["_authx"], "param")
    return accounts.by_session(site, request.cookies.get(accounts.COOKIE, ""))


def is_session(request: Request) -> bool:
    """Whether the caller is known by the cookie alone, as a browser's page is."""
    return not any(header in request.headers for header in _FLOWS) and "_authx" not in request.values


def _by_credential(site: Site, credential: str, flow: str) -> Caller:
    scheme, _, key = credential.partition(" ")
    if scheme == "Basic" and accounts.is_password(site, key):
        raise LoginRefused(f'Authentication type "pass" with flow "{flow}" is not allowed for this principal.')
    if scheme != "Bearer":
        raise LoginRefused("Invalid credential")
    return accounts.by_key(site, key.strip())
