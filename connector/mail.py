"""The one door for mail: builds a message whose headers hold only what they should, and hands it to an SMTP server.

No address and no word of a mail stands in an error or in the log: a reply code and what to do, no more.
"""

import hashlib
import logging
import re
import smtplib
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from urllib.parse import SplitResult, unquote, urlsplit

from connector import clock
from connector.errors import ConnectorError, PermanentError, TransientError, UnknownOutcome, UserError

log = logging.getLogger(__name__)

PORTS = {"smtp": 587, "smtps": 465}
LOOPBACK = ("127.0.0.1", "::1", "localhost")
TIMEOUT = 30.0
_SETTING = "the administrator corrects SMTP_URL; .env.example explains it."
_LATER = "nothing was sent; it is tried again."


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail to one person. key: the same as long as it is the same mail; html: beside the text, for who likes it.

    What is sent twice under one key carries the same Message-ID, and most mail programs show it once.
    """

    to: str
    subject: str
    text: str
    key: str
    html: str = ""


class Mailer:
    """An SMTP server by its URL, and the address that our mail comes from.

    smtps:// is TLS from the start; smtp:// turns to TLS (STARTTLS) before anything is said, but for this machine.
    """

    def __init__(self, url: str, sender: str, timeout: float = TIMEOUT) -> None:
        """Raises UserError when the URL or the sender cannot be used."""
        self._at = _parsed(url)
        self._sender = _address(sender, "MAIL_FROM is no e-mail address.", "the administrator corrects MAIL_FROM.")
        self._timeout = timeout

    def send(self, mail: Mail) -> None:
        """Hand over one mail.

        Raises UserError (a setting or the address), TransientError (not sent, try again), UnknownOutcome (it may have
        been sent) or PermanentError (the server does not want this mail).
        """
        wrong = "That is no e-mail address."
        to = _address(mail.to, wrong, "whoever entered the address corrects it.")
        message = self._message(mail, to)
        begun = time.monotonic()
        with self._session() as session:
            _hand_over(session, self._sender.addr_spec, to.addr_spec, message.as_bytes())
        log.info("mail sent in %.2f s", time.monotonic() - begun)

    def check(self) -> None:
        """Log in and say nothing. Raises what `send` raises."""
        with self._session():
            pass

    def _message(self, mail: Mail, to: Address) -> EmailMessage:
        message = EmailMessage(policy=SMTP)
        message["From"], message["To"] = self._sender, to
        message["Subject"] = _one_line(mail.subject)
        message["Date"] = clock.now()
        # made from sender and key alone, so that the address of whoever gets it cannot be guessed from it
        name = hashlib.sha256(f"{self._sender.addr_spec}\n{mail.key}".encode()).hexdigest()[:32]
        message["Message-ID"] = f"<{name}@{self._sender.domain}>"
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(mail.text)
        if mail.html:
            message.add_alternative(mail.html, subtype="html")
        return message

    @contextmanager
    def _session(self) -> Iterator[smtplib.SMTP]:
        """A connection that is encrypted and logged in."""
        try:
            session = self._connected()
        except ssl.SSLError:
            raise UserError("The mail server's certificate or TLS cannot be trusted.", next_step=_SETTING) from None
        except smtplib.SMTPNotSupportedError:
            told = "The mail server does not offer what SMTP_URL asks for (TLS or a log-in)."
            raise UserError(told, next_step=_SETTING) from None
        except smtplib.SMTPResponseException as error:
            raise _refused("the log-in", error.smtp_code, _SETTING) from None
        except OSError:  # smtplib's own errors are of this kind too
            raise TransientError("The mail server does not answer.", next_step=_LATER) from None
        try:
            yield session
        finally:
            with suppress(OSError):
                session.quit()  # what was handed over is the server's, whatever it answers to this

    def _connected(self) -> smtplib.SMTP:
        host, port, trusted = (
            self._at.hostname or "",
            self._at.port or PORTS[self._at.scheme],
            ssl.create_default_context(),
        )
        session: smtplib.SMTP
        if self._at.scheme == "smtps":
            session = smtplib.SMTP_SSL(host, port, timeout=self._timeout, context=trusted)
        else:
            session = smtplib.SMTP(host, port, timeout=self._timeout)
        try:
            if self._at.scheme == "smtp" and host not in LOOPBACK:
                session.starttls(context=trusted)
            if self._at.username:
                session.login(unquote(self._at.username), unquote(self._at.password or ""))
        except BaseException:
            session.close()
            raise
        return session


def _hand_over(session: smtplib.SMTP, sender: str, to: str, message: bytes) -> None:
    """MAIL, RCPT and DATA one by one: only what breaks off within the last leaves it open whether it was sent."""
    at = "the sender MAIL_FROM"
    next_step = "the administrator corrects MAIL_FROM, or allows it at the mail server."
    try:
        session.ehlo_or_helo_if_needed()
        code = session.mail(sender)[0]
        if code == 250:
            at, next_step = "the recipient's address", "whoever entered the address corrects it."
            code = session.rcpt(to)[0]
        if code not in (250, 251):
            raise _refused(at, code, next_step)
    except OSError:
        raise TransientError("The mail server broke off.", next_step=_LATER) from None
    try:
        code = session.data(message)[0]
    except smtplib.SMTPDataError as error:
        code = error.smtp_code
    except OSError:
        told = "The mail server broke off in the middle of a mail; it may have been sent."
        raise UnknownOutcome(told, next_step="it is sent once more, under the same number.") from None
    if code >= 500:
        told = f"The mail server does not take this mail ({code})."
        raise PermanentError(told, next_step="the administrator looks into the mail server's log.")
    if code != 250:
        raise _refused("the mail", code, _LATER)


def _refused(what: str, code: int, next_step: str) -> ConnectorError:
    """An error by what its code means: from 400 on later, from 500 on never."""
    if code < 500:
        return TransientError(f"The mail server does not take {what} now ({code}).", next_step=_LATER)
    return UserError(f"The mail server does not accept {what} ({code}).", next_step=next_step)


def _parsed(url: str) -> SplitResult:
    with suppress(ValueError):
        at = urlsplit(url)
        if at.scheme in PORTS and at.hostname and (at.port or PORTS[at.scheme]):
            return at
    raise UserError("SMTP_URL is neither smtp://… nor smtps://… with a host.", next_step=_SETTING)


def _address(text: str, wrong: str, next_step: str) -> Address:
    """One bare address. A line end or a second address in it would be somebody else's mail."""
    try:
        if not text.isascii():  # only some servers take others, and none of them may be guessed at
            raise ValueError
        address = Address(addr_spec=text.strip())
    except (ValueError, IndexError, AttributeError, MessageError):
        raise UserError(wrong, next_step=next_step) from None
    if not re.fullmatch(r"[^\s@]+", address.username) or "." not in address.domain.strip("."):
        raise UserError(wrong, next_step=next_step)
    return address


def _one_line(text: str) -> str:
    return " ".join(re.sub(r"[\x00-\x1f\x7f\u0085\u2028\u2029]", " ", text).split())
