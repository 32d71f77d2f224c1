"""The door for mail: what a message looks like when it arrives, and what each refusal means; nobody is ever named."""

import smtplib
import socket
from collections.abc import Iterator

import pytest

from connector.errors import ConnectorError, PermanentError, TransientError, UnknownOutcome, UserError
from connector.mail import Mail, Mailer
from sandbox.smtp.box import Box
from sandbox.smtp.server import SmtpServer

FROM, TO = "connector@example.org", "amina.haddad@example.org"
MAIL = Mail(TO, "Your gift", "Thank you, أمينة.", key="gift 1", html="<p>Thank you, أمينة.</p>")


@pytest.fixture
def box() -> Box:
    return Box()


@pytest.fixture
def server(box: Box) -> Iterator[SmtpServer]:
    with SmtpServer(box) as found:
        yield found
        found.shutdown()


def mailer(server: SmtpServer, **more: float) -> Mailer:
    return Mailer(server.url.replace("//", "//user:p%40ss@"), FROM, **more)


def refused(server: SmtpServer, mail: Mail = MAIL) -> ConnectorError:
    with pytest.raises(ConnectorError) as error:
        mailer(server).send(mail)
    told = f"{error.value}{error.value.__cause__}{error.value.__suppress_context__}"
    assert "@" not in told
    assert "amina" not in told
    return error.value


def test_a_mail_arrives_as_text_and_as_a_page(server: SmtpServer, box: Box) -> None:
    mailer(server).send(MAIL)
    (found,) = box.listed()
    assert (found["to"], found["from"], found["subject"]) == ([TO], FROM, "Your gift")
    assert found["text"] == "Thank you, أمينة.\n"
    assert found["html"] == "<p>Thank you, أمينة.</p>\n"
    assert found["headers"]["Auto-Submitted"] == "auto-generated"


def test_a_line_that_begins_with_a_dot_stays_whole(server: SmtpServer, box: Box) -> None:
    mailer(server).send(Mail(TO, "Dots", "one\n.\n..two\n", key="1"))
    assert box.listed()[0]["text"] == "one\n.\n..two\n"


def test_the_same_mail_has_the_same_number_and_another_has_another(server: SmtpServer, box: Box) -> None:
    for key in ("summary 1", "summary 1", "summary 2"):
        mailer(server).send(Mail(TO, "Summary", "x", key=key))
    first, again, other = (mail["headers"]["Message-ID"] for mail in box.listed())
    assert first == again != other
    assert first.endswith("@example.org>")


@pytest.mark.parametrize("subject", ["a\r\nBcc: other@example.org", "a\nBcc: x", "a\u2028b", "a\x00b", "a\x85b"])
def test_a_subject_stays_one_line(server: SmtpServer, box: Box, subject: str) -> None:
    mailer(server).send(Mail(TO, subject, "x", key="1"))
    (found,) = box.listed()
    assert "Bcc" not in found["headers"]
    assert found["to"] == [TO]


NO_ADDRESSES = (
    *("", "nobody", "a@example.org, b@example.org", "a@example.org\r\nBcc: b@example.org", "@example.org", "a@"),
    *("ä@example.org", "A <a@example.org>", "a b@example.org", "a@localhost", "a@example.org>"),
)


@pytest.mark.parametrize("to", NO_ADDRESSES)
def test_what_is_no_single_address_is_refused_before_anything_is_sent(server: SmtpServer, box: Box, to: str) -> None:
    assert isinstance(refused(server, Mail(to, "x", "x", key="1")), UserError)
    assert box.listed() == []


@pytest.mark.parametrize(
    ("switches", "kind", "told"),
    [
        ({"all": 550}, UserError, "MAIL_FROM (550)"),
        ({"all": 451}, TransientError, "MAIL_FROM now (451)"),
        ({"all": 535}, UserError, "the log-in (535)"),
        ({"of": {TO: 550}}, UserError, "the recipient's address (550)"),
        ({"of": {TO: 450}}, TransientError, "the recipient's address now (450)"),
        ({"data": 554}, PermanentError, "this mail (554)"),
        ({"data": 451}, TransientError, "the mail now (451)"),
        ({"down": True}, TransientError, "does not answer"),
        ({"drop": True}, UnknownOutcome, "may have been sent"),
    ],
)
def test_each_refusal_says_who_acts_next(server: SmtpServer, box: Box, switches, kind, told: str) -> None:
    box.switch(switches)
    error = refused(server)
    assert type(error) is kind
    assert told in error.what
    assert box.listed() == []
    box.switch({})
    mailer(server).send(MAIL)
    assert len(box.listed()) == 1


def test_a_server_that_is_not_there(server: SmtpServer) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        nobody = Mailer(f"smtp://127.0.0.1:{taken.getsockname()[1]}", FROM)
        with pytest.raises(TransientError, match="does not answer"):
            nobody.send(MAIL)


def test_a_server_that_says_nothing_is_not_waited_for_forever() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(TransientError, match="does not answer"):
        Mailer(f"smtp://127.0.0.1:{silent.getsockname()[1]}", FROM, timeout=0.1).send(MAIL)


def test_outside_this_machine_nothing_is_said_in_the_clear(server: SmtpServer, box: Box, monkeypatch) -> None:
    """The sandbox offers no TLS, as a wrong server or somebody in between would."""
    monkeypatch.setattr("connector.mail.LOOPBACK", ())
    monkeypatch.setattr(smtplib.SMTP, "login", lambda *_: pytest.fail("the password was told"))
    assert "does not offer" in refused(server).what
    assert box.listed() == []


def test_tls_from_the_start_is_what_smtps_means(server: SmtpServer) -> None:
    with pytest.raises(UserError, match="certificate or TLS"):
        Mailer(server.url.replace("smtp:", "smtps:"), FROM).send(MAIL)


@pytest.mark.parametrize("url", ["", "mail.example.org", "http://mail.example.org", "smtp://", "smtp://host:port"])
def test_a_url_that_is_none_is_told_without_its_password(url: str) -> None:
    with pytest.raises(UserError, match="neither smtp://… nor smtps://…"):
        Mailer(url, FROM)


def test_a_sender_that_is_no_address_is_told(server: SmtpServer) -> None:
    with pytest.raises(UserError, match="MAIL_FROM is no e-mail address"):
        Mailer(server.url, "the connector")


def test_a_server_can_be_tried_without_a_mail(server: SmtpServer, box: Box) -> None:
    mailer(server).check()
    assert box.listed() == []
