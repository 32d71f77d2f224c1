"""`python -m sandbox serve`: starts the stand-ins, prints one JSON line that says where they are, and stays.

The connector is then pointed at them by its environment, as at any real server.
"""

import json
import logging
import signal
import sys
import threading
from types import FrameType

from flask import Flask
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from sandbox.civicrm.app import create_app
from sandbox.civicrm.seed import RUNTIME_KEY, SETUP_KEY, STAFF_PASSWORD
from sandbox.smtp.box import Box
from sandbox.smtp.mailbox import create_app as create_mailbox
from sandbox.smtp.server import SmtpServer
from sandbox.stripe.account import API_KEY, WEBHOOK_SECRET
from sandbox.stripe.app import create_app as create_stripe

HOST = "127.0.0.1"


class _Handler(WSGIRequestHandler):
    """Keep-alive, and small answers sent at once instead of after Nagle's 40 ms."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True


def start(app: Flask, port: int = 0) -> BaseWSGIServer:
    """The app behind a server thread on a free or given port of this machine only."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = make_server(HOST, port, app, threaded=True, request_handler=_Handler)
    server.daemon_threads = True  # type: ignore[attr-defined]  # of ThreadingMixIn: idle keep-alives must not hold us
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    return server


def serve(civicrm_port: int = 0, host_form: str = "standalone", webhook_url: str | None = None) -> None:
    """Start everything, say where it is, and stay until told to end."""
    ended = threading.Event()

    def end(number: int, frame: FrameType | None) -> None:
        ended.set()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    mail = _mail()
    civicrm = start(create_app(wordpress=host_form == "wordpress", smtp=mail["smtp"]["url"]), civicrm_port)
    stripe = start(create_stripe(webhook_url))
    keys = {"api_key": RUNTIME_KEY, "setup_key": SETUP_KEY, "staff": f"staff:{STAFF_PASSWORD}"}
    told = {
        "civicrm": {"url": _url(civicrm), **keys},
        "stripe": {"url": _url(stripe), "api_key": API_KEY, "webhook_secret": WEBHOOK_SECRET},
        **mail,
    }
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()
    ended.wait()
    for server in (civicrm, stripe):
        server.shutdown()
        server.server_close()


def _mail() -> dict[str, dict[str, str]]:
    """Start the mail server and its mailbox page; they end with this process."""
    box = Box()
    mailbox = start(create_mailbox(box))
    return {"smtp": {"url": SmtpServer(box).url}, "mailbox": {"url": _url(mailbox)}}


def _url(server: BaseWSGIServer) -> str:
    return f"http://{HOST}:{server.server_port}"
