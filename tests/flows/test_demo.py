"""The demo tells its story and ends by itself; it checks its own end, to the cent."""

import subprocess
import sys

from tests.flows.conftest import PROJECT


def test_the_story_ends_as_it_should() -> None:
    command = [sys.executable, "-m", "sandbox", "--once"]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    end = done.stdout.partition("How it ended")[2]
    assert end.count("  yes  ") >= 12
    assert "  NO " not in end
