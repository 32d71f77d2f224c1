"""A proxy before the sandbox that counts requests and can end the process that sent one: before it, or after it."""

import http.client
import os
import re
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote_plus, urlsplit

# the actions that change something, in an address or in a multi-call
_WRITES = re.compile(r'[/"=](create|save|update|delete|set|flush|cancel|submit|send_test)\b')


class Proxy(ThreadingHTTPServer):
    """Forwards to `target`. With `kill_at` set, the n-th request ends `victim` with SIGKILL, `when` before or after."""

    daemon_threads = True

    def __init__(self, target: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.target = urlsplit(target).netloc
        self.url = f"http://127.0.0.1:{self.server_port}"
        self._one_at_a_time = threading.Lock()
        self.arm(None, "")

    def arm(self, kill_at: int | None, when: str) -> None:
        self.count, self.kill_at, self.when = 0, kill_at, when
        self.writes: set[int] = set()  # the numbers of the requests that may have changed something
        self.victim: int | None = None
        # called with each request before it is forwarded: its number, its address and body, whether it may write
        self.sees: Callable[[int, str, bool], None] = lambda number, text, writes: None
        # which requests are answered with an error page instead of being forwarded: by their text
        self.spoils: Callable[[str], bool] = lambda text: False
        # what becomes of an answer on its way back: by the request's text
        self.alters: Callable[[str, bytes], bytes] = lambda text, got: got
        self.victim_known = threading.Event()

    def watch(self, victim: int) -> None:
        self.victim = victim
        self.victim_known.set()

    def next_number(self) -> int:
        with self._one_at_a_time:  # the connector sends two batches at a time
            self.count += 1
            return self.count

    def kill(self, number: int, when: str) -> bool:
        if number != self.kill_at or self.when != when:
            return False
        assert self.victim_known.wait(10)
        assert self.victim
        os.kill(self.victim, signal.SIGKILL)
        return True

    def handle_error(self, *_: object) -> None:
        """Say nothing: a connection that breaks off is what this proxy is for."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Proxy

    def do_GET(self) -> None:
        self._forward(b"")

    def do_POST(self) -> None:
        self._forward(self.rfile.read(int(self.headers["Content-Length"])))

    def _forward(self, body: bytes) -> None:
        number = self.server.next_number()
        text = unquote_plus(self.path + body.decode("latin-1"))
        if _WRITES.search(text):
            self.server.writes.add(number)
        self.server.sees(number, text, number in self.server.writes)
        if self.server.kill(number, "before"):
            self.close_connection = True
            return
        if self.server.spoils(text):
            self._answer(500, "text/html", b"<!DOCTYPE html><title>Error</title>")
            return
        onward = http.client.HTTPConnection(self.server.target, timeout=30)
        with closing(onward):
            onward.request(self.command, self.path, body, dict(self.headers))
            answer = onward.getresponse()
            got = self.server.alters(text, answer.read())
        self.server.kill(number, "after")
        self._answer(answer.status, answer.headers["Content-Type"], got)

    def _answer(self, status: int, kind: str, got: bytes) -> None:
        try:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(got)))
            self.end_headers()
            self.wfile.write(got)
        except ConnectionError:
            self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def proxied(target: str) -> Iterator[Proxy]:
    server = Proxy(target)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
