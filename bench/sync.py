"""Times whole syncs and counts their requests: first run, nothing changed, one percent changed.

On the sandbox by default; on a real CiviCRM given by BENCH_CIVICRM_URL, BENCH_CIVICRM_KEY and BENCH_CIVICRM_SETUP_KEY,
where it leaves its people behind (use one that can be thrown away).
"""

import argparse
import csv
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
SOLIDARITY = str(Path(sys.executable).with_name("solidarity"))
HEADINGS = (
    *("Member No", "First name", "Last name", "Email", "Mobile", "Street", "City", "Postcode"),
    *("Country", "Language", "Chapter Code", "Role", "Joined"),
)


def main() -> None:
    """Run the three syncs and print one line each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--members", type=int, default=2000)
    members = parser.parse_args().members
    with tempfile.TemporaryDirectory() as folder:
        site, sandbox = _site()
        env = {**os.environ, **site, "DATABASE_URL": f"sqlite:///{folder}/bench.sqlite3"}
        env["CONNECTOR_FINGERPRINT_KEY"] = "b" * 40
        try:
            subprocess.run([SOLIDARITY, "setup", "apply"], env=env, check=True, capture_output=True)
            run = format(int(time.time()), "x")
            roster = Path(folder) / "members.csv"
            for name, changed in (("first run", 0), ("nothing changed", 0), ("1 % changed", members // 100)):
                _write(roster, members, changed, run)
                _measure(name, members, roster, env)
        finally:
            if sandbox:
                sandbox.terminate()
                sandbox.wait()


def _site() -> tuple[dict[str, str], "subprocess.Popen[str] | None"]:
    if url := os.environ.get("BENCH_CIVICRM_URL"):
        keys = os.environ["BENCH_CIVICRM_KEY"], os.environ["BENCH_CIVICRM_SETUP_KEY"]
        return {"CIVICRM_URL": url, "CIVICRM_API_KEY": keys[0], "CIVICRM_SETUP_KEY": keys[1]}, None
    command = [sys.executable, "-m", "sandbox", "serve"]
    process = subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    told = json.loads(process.stdout.readline())["civicrm"]
    keys = {"CIVICRM_API_KEY": told["api_key"], "CIVICRM_SETUP_KEY": told["setup_key"]}
    return {"CIVICRM_URL": told["url"], **keys}, process


def _write(path: Path, members: int, changed: int, run: str) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        out = csv.writer(file)
        out.writerow(HEADINGS)
        for number in range(members):
            mobile = f"+353 87 {'999' if number < changed else '555'} {number:05d}"
            key, chapter = f"{run}-{number:05d}", f"B{number % 40:02d}"
            cells = [key, "Amina", f"Haddad {number}", f"{key}@example.org", mobile, "1 Example Street", "Cork", "EX1"]
            out.writerow([*cells, "IE", "en", chapter, "member", "2026-01-31"])


def _measure(name: str, members: int, roster: Path, env: dict[str, str]) -> None:
    began, cpu = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [SOLIDARITY, "-v", "apply", "members", str(roster), "--yes", "--force", "first-run", "--json"],
        env=env,
        capture_output=True,
        text=True,
        check=True,
    )
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds, requests = time.monotonic() - began, done.stderr.count(" HTTP ")
    own = used.ru_utime + used.ru_stime - cpu.ru_utime - cpu.ru_stime
    sys.stdout.write(
        f"{name:16} {members} members  {seconds:6.1f} s  {members / seconds:7.0f} members/s  {requests:4d} requests "
        f"({requests / members:.4f} each)  own CPU {own:4.1f} s  memory {used.ru_maxrss // 1024} MB\n"
    )


if __name__ == "__main__":
    main()
