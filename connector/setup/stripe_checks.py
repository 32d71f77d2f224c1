"""What `solidarity doctor` looks at for the fund: the key, the webhook endpoint, its secrets, the names in CiviCRM."""

from collections.abc import Callable, Collection, Iterator

from connector import clock
from connector.civicrm.client import Call, CiviClient
from connector.errors import ConnectorError, UserError
from connector.setup.checks import Finding
from connector.stripe_api import TOLERANCE, VERSION, StripeApi

PATH = "/webhooks/stripe"
# How far apart the clocks may be, in seconds, before somebody looks. An answer on its way is not counted.
CLOCKS_APART = 60
_ENDPOINT = "the administrator makes a new endpoint with this version (docs/runbook.md, Stripe)"


def run(api: StripeApi, key: str, *, livemode: bool, secrets: Collection[str]) -> Iterator[Finding]:
    """Stripe's side. Reads only."""
    try:
        account = api.account()
    except ConnectorError as error:
        yield Finding("Stripe key", False, error.what, error.next_step)
        return
    wanted, is_live = "live" if livemode else "test", "_live_" in key
    fits = is_live == livemode
    yield Finding(
        "Stripe key",
        fits,
        f"account {account['id']}, " + (f"{wanted} mode" if fits else f"but it is no key of the {wanted} mode"),
        "" if fits else "the administrator sets STRIPE_API_KEY and STRIPE_LIVEMODE to the same mode",
    )
    yield _clock(api)
    yield _secrets(secrets)
    yield _endpoint(api)


def names(look: Callable[[], object]) -> Finding:
    """Whether CiviCRM has what mappings/stripe.toml names. look: raises UserError for what it lacks."""
    try:
        look()
    except UserError as error:
        return Finding("names of the fund", False, " ".join([error.what, *error.problems]), error.next_step)
    return Finding("names of the fund", True, "CiviCRM has all that mappings/stripe.toml names")


def permission(runtime: CiviClient) -> Finding:
    """Whether the runtime key may enter a gift."""
    call: Call = ("Contribution", "checkAccess", {"action": "create", "values": {"financial_type_id:name": "Donation"}})
    may = bool(runtime.multi({"gift": call})["gift"][0]["access"])
    told = "it may enter gifts" if may else "missing: edit contributions"
    return Finding("permission to enter gifts", may, told, "" if may else "the administrator adds it to its role")


def _clock(api: StripeApi) -> Finding:
    """Stripe's webhooks are taken only while both clocks agree: a signature says when it was made."""
    apart = abs((clock.now() - api.now()).total_seconds())
    if apart > CLOCKS_APART:
        told = f"this machine's clock and Stripe's are {apart:.0f} s apart; from {TOLERANCE} s on no webhook is taken"
        return Finding("clock", False, told, "the administrator lets the machine set its clock by itself (NTP)")
    return Finding("clock", True, "as at Stripe")


def _secrets(secrets: Collection[str]) -> Finding:
    if not secrets:
        told = "STRIPE_WEBHOOK_SECRETS is not set: the door is shut"
        return Finding("webhook secrets", False, told, "the administrator sets the endpoint's signing secret")
    wrong = sum(not one.startswith("whsec_") for one in secrets)
    if wrong:
        told = f"{wrong} of {len(secrets)} does not begin with whsec_"
        return Finding("webhook secrets", False, told, "the administrator copies the endpoint's signing secret")
    return Finding("webhook secrets", True, f"{len(secrets)} set")


def _endpoint(api: StripeApi) -> Finding:
    try:
        found = [one for one in api.endpoints() if str(one["url"]).endswith(PATH)]
    except ConnectorError:
        told = f"the key may not read endpoints: look that its API version is {VERSION}"
        return Finding("webhook endpoint", True, told)
    if not found:
        return Finding("webhook endpoint", False, f"none ends with {PATH}", f"{_ENDPOINT}: {VERSION}")
    off = [one["id"] for one in found if one["status"] != "enabled"]
    if off:
        return Finding("webhook endpoint", False, f"{', '.join(off)} is switched off", "the administrator enables it")
    other = {one["api_version"] or "the account's" for one in found} - {VERSION}
    if other:
        told = f"API version {', '.join(sorted(other))}, but the connector has {VERSION}"
        return Finding("webhook endpoint", False, told, _ENDPOINT)
    return Finding("webhook endpoint", True, f"API version {VERSION}")
