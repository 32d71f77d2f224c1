"""The demo's chapter about money: gifts through Stripe, told twice and in the wrong order, exact in the end."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests

OURS = {"fund_campaign": "protector-pilot", "fund_source": "website"}
Hold = Callable[[str, bool, dict[str, Any] | None], None]
Tell = Callable[..., str]


class FundStory:
    """Gifts, one of them given back, and the payout. api: what staff see in CiviCRM; solidarity: the command line."""

    def __init__(self, stripe: dict[str, str], env: dict[str, str], api: Callable[..., list[Any]], tell: Tell) -> None:
        self._stripe, self._api, self._solidarity = stripe, api, tell
        self._port = _free_port()
        self.env = {
            **env,
            "STRIPE_API_KEY": stripe["api_key"],
            "STRIPE_API_BASE": stripe["url"],
            "STRIPE_WEBHOOK_SECRETS": stripe["webhook_secret"],
        }

    def tell(self, say: Callable[[str], None]) -> None:
        """Tell it, with the web service running."""
        with self._web_service():
            self._at_stripe("webhook", url=f"http://127.0.0.1:{self._port}/webhooks/stripe")
            say("\nAmina gives 50 EUR by card, for her chapter; Bruno 120 by bank debit; Yusuf 20 each month.")
            amina = self._step("give", amount=5000, name="Amina Example", email="amina@example.org", chapter="COR06")
            bruno = self._step(
                "give", amount=12000, name="Bruno Example", email="bruno@example.org", method="sepa_debit"
            )
            self._step("subscribe", amount=2000, name="Yusuf Example", email="yusuf@example.org")
            say("Stripe tells it twice, the last things first.")
            told = self._at_stripe("deliver", reversed=True, times=2)["deliveries"]
            say(f"  {len(told)} webhooks, all answered with {sorted({one['status'] for one in told})}")
            self._solidarity("work", "--drain")
            self._show(say)
            say("\nDays later the debit arrives, and Amina asks for 20 EUR back. Then Stripe pays out.")
            self._step("debit_succeeds", payment_intent=bruno["payment_intent"][0])
            self._step("refund", payment_intent=amina["payment_intent"][0], amount=2000)
            self._step("wait", days=10)
            self._step("payout")
            self._step("payout_paid")
            self._at_stripe("deliver")
            self._solidarity("work", "--drain")
            self._show(say)
            self._solidarity("reconcile", "--since", "2026-01-01")

    def check(self, hold: Hold) -> None:
        """How the money has to stand."""
        rows = self._gifts()
        kept = {row["contact_id.first_name"]: (row["total_amount"], row["contribution_status_id:name"]) for row in rows}
        wanted = {"Amina": (30, "Completed"), "Bruno": (120, "Completed"), "Yusuf": (20, "Completed")}
        hold("each gift is there once, to the cent", kept == wanted, None)
        hold("the payout is proven", all(row["Solidarity_Stripe.Payout_Verdict"] for row in rows), None)
        credit = self._api("ContributionSoft", "get", select=["amount"])
        hold("the chapter's credit follows what was kept", [row["amount"] for row in credit] == [30], None)

    def _show(self, say: Callable[[str], None]) -> None:
        for row in self._gifts():
            kept, fee = f"{row['total_amount']:.2f}", f"{row['fee_amount']:.2f}"
            verdict = row["Solidarity_Stripe.Payout_Verdict"] or "not paid out yet"
            status = row["contribution_status_id:name"]
            say(f"  CiviCRM: {row['contact_id.first_name']:6} {kept:>7} EUR, fee {fee}, {status}, {verdict}")

    def _gifts(self) -> list[dict[str, Any]]:
        fields = ["total_amount", "fee_amount", "contribution_status_id:name", "contact_id.first_name"]
        where = [["is_test", "=", True]]
        select = [*fields, "Solidarity_Stripe.Payout_Verdict"]
        return self._api("Contribution", "get", select=select, where=where, orderBy={"id": "ASC"})

    def _step(self, do: str, chapter: str = "", **how: Any) -> dict[str, list[str]]:
        """Let something happen at Stripe; returns the ids of what it made."""
        metadata = {**OURS, "chapter": chapter} if chapter else OURS
        given = {"metadata": metadata} if do in ("give", "subscribe") else {}
        found: dict[str, list[str]] = self._at_stripe("step", do=do, **given, **how)["objects"]
        return found

    def _at_stripe(self, path: str, **sent: Any) -> Any:
        answer = requests.post(f"{self._stripe['url']}/sandbox/{path}", json=sent, timeout=60)
        if not answer.ok:
            raise SystemExit(f"the stand-in Stripe says: {answer.text}")
        return answer.json()

    @contextmanager
    def _web_service(self) -> Iterator[None]:
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
