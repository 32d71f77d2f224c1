"""The demo's chapter about money: gifts through Stripe, told twice and in the wrong order, exact in the end."""

import os
import re
import secrets
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests

from sandbox.stripe.shapes import API_VERSION

Hold = Callable[[str, bool, dict[str, Any] | None], None]
Tell = Callable[..., str]


class FundStory:
    """Gifts over the pages, one of them given back, and the payout.

    api: what staff see in CiviCRM; solidarity: the command line.
    """

    def __init__(self, stripe: dict[str, str], env: dict[str, str], api: Callable[..., list[Any]], tell: Tell) -> None:
        self._stripe, self._api, self._solidarity = stripe, api, tell
        self._port = _free_port()
        self._shown: list[str] = []  # what the thermometer said, each time that somebody looked
        self.home = f"http://127.0.0.1:{self._port}"
        self.env = {
            **env,
            "STRIPE_API_KEY": stripe["api_key"],
            "STRIPE_API_BASE": stripe["url"],
            "STRIPE_WEBHOOK_SECRETS": stripe["webhook_secret"],
            "PUBLIC_URL": self.home,
            "CONNECTOR_SECRET_KEY": secrets.token_hex(32),
        }

    def tell(self, say: Callable[[str], None]) -> None:
        """Tell it, with the web service running."""
        with self.web_service():
            self._console("hold")  # so that it can be told twice and in the wrong order
            say("\nOn the page for givers Amina gives 50 EUR by card, for her chapter, Bruno 120 by bank debit, and")
            say("Yusuf 20 each month.")
            amina = self._gives("Amina", amount="50", chapter="COR06")
            bruno = self._gives("Bruno", method="sepa_debit", amount="other", other="120")
            self._gives("Yusuf", amount="other", other="20", how_often="monthly")
            say("Stripe tells it twice, the last things first.")
            told = self._at_stripe("deliver", reversed=True, times=2)["deliveries"]
            say(f"  {len(told)} webhooks, all answered with {sorted({one['status'] for one in told})}")
            self._solidarity("work", "--drain")
            self._show(say)
            say("\nDays later the debit arrives, and Amina asks for 20 EUR back. Then Stripe pays out.")
            self._step("debit_succeeds", payment_intent=bruno)
            self._step("refund", payment_intent=amina, amount=2000)
            self._step("wait", days=10)
            self._step("payout")
            self._step("payout_paid")
            self._at_stripe("deliver")
            self._solidarity("work", "--drain")
            self._show(say)
            self._solidarity("reconcile", "--since", "2026-01-01")
            self._console("let_go")

    def check(self, hold: Hold) -> None:
        """How the money has to stand."""
        rows = self._gifts()
        kept = {row["contact_id.first_name"]: (row["total_amount"], row["contribution_status_id:name"]) for row in rows}
        wanted = {"Amina": (30, "Completed"), "Bruno": (120, "Completed"), "Yusuf": (20, "Completed")}
        hold("each gift is there once, to the cent", kept == wanted, None)
        net, moved = sum(_cents(row["net_amount"]) for row in rows), self._moved()
        hold(f"CiviCRM's nets are what moved at Stripe: {net / 100:.2f} EUR", net == moved, None)
        hold("the payout is proven", all(row["Solidarity_Stripe.Payout_Verdict"] for row in rows), None)
        credit = self._api("ContributionSoft", "get", select=["amount"])
        hold("the chapter's credit follows what was kept", [row["amount"] for row in credit] == [30], None)
        shown = self._shown
        hold(f"the thermometer went from {' to '.join(shown)} EUR", shown == ["70.00", "170.00"], None)

    @property
    def to_click(self) -> list[tuple[str, str]]:
        """Where a visitor goes on by clicking."""
        console = f"{self._stripe['url']}/console"
        return [
            ("give, as anybody would", f"{self.home}/give"),
            ("how far the fund has come", f"{self.home}/fund"),
            ("what happens at Stripe: refunds, disputes, payouts", console),
        ]

    def _gives(self, name: str, method: str = "card", **form: str) -> str:
        """Fill in the page, and Checkout behind it; returns the payment."""
        with requests.Session() as browser:
            page = browser.get(f"{self.home}/give", timeout=30).text
            hidden = dict(re.findall(r'name="(csrf_token|form)" value="([^"]*)"', page))
            checkout = browser.post(f"{self.home}/give", data={**hidden, **form}, allow_redirects=False, timeout=30)
            who = {"name": f"{name} Example", "email": f"{name.lower()}@example.org", "country": "IE"}
            thanks = browser.post(checkout.headers["Location"], data={**who, "method": method}, timeout=30)
            thanks.raise_for_status()
        (session,) = parse_qs(urlsplit(thanks.url).query)["session_id"]
        return str(self._read(f"checkout/sessions/{session}")["payment_intent"])

    def _read(self, path: str) -> dict[str, Any]:
        """What Stripe's API says."""
        key = {"Authorization": f"Bearer {self._stripe['api_key']}", "Stripe-Version": API_VERSION}
        answer = requests.get(f"{self._stripe['url']}/v1/{path}", headers=key, timeout=30)
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        return found

    def _moved(self) -> int:
        """What gifts, fees and what was given back moved at Stripe, in cents: all but the payouts themselves."""
        return sum(
            row["net"] for row in self._read("balance_transactions?limit=100")["data"] if row["type"] != "payout"
        )

    def _show(self, say: Callable[[str], None]) -> None:
        for row in self._gifts():
            kept, fee = f"{row['total_amount']:.2f}", f"{row['fee_amount']:.2f}"
            verdict = row["Solidarity_Stripe.Payout_Verdict"] or "not paid out yet"
            status = row["contribution_status_id:name"]
            say(f"  CiviCRM: {row['contact_id.first_name']:6} {kept:>7} EUR, fee {fee}, {status}, {verdict}")
        counted = requests.get(f"{self.home}/fund.json", timeout=30).json()
        self._shown.append(counted["received"])
        months = f"{counted['protector_months_funded']} of {counted['protector_months_needed']}"
        say(f"  {self.home}/fund: {counted['received']} EUR received, {counted['under_way']} on its way,")
        say(f"  {months} protector-months; the next one is covered at {counted['next_month_covered_at']} EUR.")

    def _gifts(self) -> list[dict[str, Any]]:
        fields = ["total_amount", "fee_amount", "net_amount", "contribution_status_id:name", "contact_id.first_name"]
        where = [["is_test", "=", True]]
        select = [*fields, "Solidarity_Stripe.Payout_Verdict"]
        return self._api("Contribution", "get", select=select, where=where, orderBy={"id": "ASC"})

    def connect(self) -> None:
        """What the administrator does at Stripe: an endpoint for its webhooks."""
        self._at_stripe("webhook", url=f"{self.home}/webhooks/stripe")

    def _console(self, do: str) -> None:
        requests.post(f"{self._stripe['url']}/console", data={"do": do}, timeout=30).raise_for_status()

    def _step(self, do: str, **how: Any) -> None:
        """Let something happen at Stripe."""
        self._at_stripe("step", do=do, **how)

    def _at_stripe(self, path: str, **sent: Any) -> Any:
        answer = requests.post(f"{self._stripe['url']}/sandbox/{path}", json=sent, timeout=60)
        if not answer.ok:
            raise SystemExit(f"the stand-in Stripe says: {answer.text}")
        return answer.json()

    @contextmanager
    def web_service(self) -> Iterator[None]:
        """The connector's web service, as `make run` starts it."""
        command = [sys.executable, "-m", "flask", "--app", "wsgi", "run", "--port", str(self._port)]
        root = Path(__file__).parents[1]
        quiet: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        with subprocess.Popen(command, env={**os.environ, **self.env}, cwd=root, **quiet) as process:
            try:
                self._wait()
                yield
            finally:
                process.terminate()

    def _wait(self) -> None:
        for _ in range(200):
            try:
                if requests.get(f"http://127.0.0.1:{self._port}/healthz", timeout=5).ok:
                    return
            except requests.ConnectionError:
                time.sleep(0.05)
        raise SystemExit("the web service does not answer")


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _cents(amount: Any) -> int:
    return round(float(amount) * 100)
