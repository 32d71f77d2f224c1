"""The SMTP side: enough of RFC 5321 for a client that sends one mail at a time, with a log-in that takes any."""

import contextlib
import socketserver
import threading

from sandbox.smtp.box import Box

HOST = "127.0.0.1"
WORDS = {250: "OK", 421: "Try later", 450: "Busy", 451: "Greylisted", 535: "No", 550: "No such user", 554: "Refused"}


class SmtpServer(socketserver.ThreadingTCPServer):
    """Takes mail for anybody on a free or given port of this machine only."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, box: Box, port: int = 0) -> None:
        super().__init__((HOST, port), _Session)
        self.box = box
        self.url = f"smtp://{HOST}:{self.server_address[1]}"
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()


class _Session(socketserver.StreamRequestHandler):
    """One connection: a command a line, answered at once."""

    server: SmtpServer
    timeout = 30

    def handle(self) -> None:
        self._to: list[str] = []
        if self.server.box.down:
            return
        with contextlib.suppress(OSError):
            self._say(220, "sandbox ready")
            while line := self.rfile.readline(2000):
                word, _, rest = line.decode("utf-8", "replace").strip().partition(" ")
                if not self._answer(word.upper(), rest):
                    return

    def _answer(self, word: str, rest: str) -> bool:
        """Answer one command. Returns False when that was the last."""
        box = self.server.box
        if word == "EHLO":
            self.wfile.write(b"250-sandbox\r\n250-AUTH PLAIN\r\n250 8BITMIME\r\n")
        elif word == "AUTH":
            self._say(235 if box.all != 535 else 535)
        elif word == "MAIL":
            self._to = []
            self._say(box.all)
        elif word == "RCPT":
            self._recipient(_address(rest))
        elif word == "DATA":
            return self._mail()
        elif word == "QUIT":
            self._say(221, "Bye")
            return False
        else:
            self._say(250 if word in ("HELO", "RSET", "NOOP") else 502)
        return True

    def _recipient(self, address: str) -> None:
        code = self.server.box.of.get(address.lower(), 250)
        if code == 250:
            self._to.append(address)
        self._say(code)

    def _mail(self) -> bool:
        if not self._to:
            self._say(554)
            return True
        self._say(354, "Go on")
        lines = []
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line[1:] if line.startswith(b".") else line)
        box = self.server.box
        if box.drop:
            return False
        if box.data == 250:
            box.put(b"".join(lines), self._to)
        self._say(box.data)
        return True

    def _say(self, code: int, words: str = "") -> None:
        self.wfile.write(f"{code} {words or WORDS.get(code, 'So be it')}\r\n".encode())


def _address(rest: str) -> str:
    """`TO:<a@example.org> SIZE=1` names one address."""
    return rest.partition("<")[2].partition(">")[0]
