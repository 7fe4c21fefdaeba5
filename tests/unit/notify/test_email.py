"""E-mail against a real SMTP server on loopback, which answers as each test tells it to."""

from __future__ import annotations

import asyncio
import base64
import re
import socket
import ssl
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.policy import default
from html import unescape
from ipaddress import ip_address

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from services.notify.channels import HandedOverUnknown, RefusedForGood, TryLater
from services.notify.channels.email import Email
from services.notify.people.messages import Body
from services.notify.settings import NotifySettings

REFERENCE = "4f2b" * 10
AMPLE = 10.0
"""Seconds that an answer which is to come may take on a busy machine."""
BODY = Body(
    "zhaotz@example.com", "调解申请已提交，流水号：2634 6268 8508 6477", "您好：\n\n.一行以点开头\n"
)


class Mailbox:
    """An SMTP server's behaviour: answers given per command, `hang` to never answer."""

    def __init__(self, **answers: str) -> None:
        self.answers = answers
        self.received: list[tuple[str, list[str], bytes]] = []
        self.released = asyncio.Event()

    async def _answer(self, command: str, usual: str) -> str:
        answer = self.answers.get(command, usual)
        if answer == "hang":
            await asyncio.wait_for(self.released.wait(), 5)
        return answer

    async def handle_MAIL(self, _server, _session, envelope, address, _options):  # noqa: N802
        answer = await self._answer("MAIL", "250 OK")
        envelope.mail_from = address
        return answer

    async def handle_RCPT(self, _server, _session, envelope, address, _options):  # noqa: N802
        answer = await self._answer("RCPT", "250 OK")
        if answer.startswith("2"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server, _session, envelope):  # noqa: N802
        self.received.append((envelope.mail_from, envelope.rcpt_tos, envelope.content))
        answer = await self._answer("DATA", "250 2.0.0 Ok: queued as 4BcD77")
        if answer == "drop":
            server.transport.close()
        return answer


class Server(Controller):
    """An SMTP server whose connections are closed before its loop ends, so that none is left open."""

    def end(self) -> None:
        asyncio.run_coroutine_threadsafe(self._hang_up(), self.loop).result(5)
        self.stop()

    async def _hang_up(self) -> None:
        self.handler.released.set()
        # Asked before the server closes: Python 3.11 waits for no connection if asked afterwards.
        closed = asyncio.ensure_future(self.server.wait_closed())
        await asyncio.sleep(0)
        self.server.close()
        await closed


@pytest.fixture
def serve():
    """Start a server that behaves like this mailbox; gives an Email channel that uses it."""
    started = []

    def start(mailbox: Mailbox, *, timeout=AMPLE, user="", **server) -> Email:
        controller = Server(mailbox, hostname="127.0.0.1", port=0, **server)
        # Controller.start connects to the port it was told; with port 0 it must learn the real one.
        with socket.create_server(("127.0.0.1", 0)) as free:
            controller.port = free.getsockname()[1]
        controller.start()
        started.append(controller)
        return an_email(controller.port, timeout=timeout, user=user)

    yield start
    for controller in started:
        controller.end()


def an_email(port: int, *, timeout: float = AMPLE, user: str = "", security="none") -> Email:
    return Email(
        NotifySettings(
            smtp_host="127.0.0.1",
            smtp_port=port,
            smtp_security=security,
            smtp_user=user,
            smtp_password="secret" if user else "",
            smtp_from="no-reply@tiaojie.example",
            smtp_timeout_seconds=timeout,
        )
    )


class HandingOver:
    """Counts how often the point of no return was announced."""

    def __init__(self) -> None:
        self.times = 0

    def __call__(self) -> None:
        self.times += 1


def test_an_accepted_email_arrives_complete_and_announces_its_hand_over_once(serve):
    mailbox, handing_over = Mailbox(), HandingOver()
    accepted = serve(mailbox).send(REFERENCE, BODY, handing_over)
    assert accepted.reference == "4BcD77"
    assert handing_over.times == 1
    ((sender, recipients, content),) = mailbox.received
    assert (sender, recipients) == ("no-reply@tiaojie.example", ["zhaotz@example.com"])
    mail = message_from_bytes(content, policy=default)
    assert mail["Subject"] == BODY.subject
    assert mail["To"] == "zhaotz@example.com"
    assert mail["From"] == "劳动人事争议在线调解 <no-reply@tiaojie.example>"
    assert mail["Message-ID"] == f"<{REFERENCE}@tiaojie.example>"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail.get_content_type() == "text/plain"
    assert mail.get_content_charset() == "utf-8"
    assert mail.get_content().replace("\r\n", "\n") == BODY.text


def test_headers_travel_as_ascii_in_lines_a_server_must_take(serve):
    mailbox = Mailbox()
    serve(mailbox).send(REFERENCE, Body(BODY.to, "题" * 120, "文" * 5000), HandingOver())
    content = mailbox.received[0][2]
    assert content.isascii()
    assert max(map(len, content.split(b"\r\n"))) <= 78


def test_trying_again_keeps_the_message_id_by_which_a_server_drops_copies(serve):
    mailbox = Mailbox()
    email = serve(mailbox)
    for _ in range(2):
        email.send(REFERENCE, BODY, HandingOver())
    assert len({message_from_bytes(c)["Message-ID"] for _, _, c in mailbox.received}) == 1


@pytest.mark.parametrize(
    "answers, error, code, announced",
    [
        ({"RCPT": "550 no such user zhaotz@example.com"}, RefusedForGood, "smtp_550", 0),
        ({"RCPT": "450 greylisted"}, TryLater, "smtp_450", 0),
        ({"RCPT": "421 closing"}, TryLater, "smtp_421", 0),
        ({"MAIL": "550 our own address is not known here"}, TryLater, "smtp_550", 0),
        ({"DATA": "554 content refused"}, RefusedForGood, "smtp_554", 1),
        ({"DATA": "452 disk full"}, TryLater, "smtp_452", 1),
        ({"MAIL": "hang"}, TryLater, "timeout", 0),
        ({"RCPT": "hang"}, TryLater, "timeout", 0),
        ({"DATA": "hang"}, HandedOverUnknown, "timeout", 1),
        ({"DATA": "drop"}, HandedOverUnknown, "connection", 1),
    ],
)
def test_each_end_of_a_conversation_has_its_fate(serve, answers, error, code, announced):
    handing_over = HandingOver()
    patience = 1.0 if "hang" in answers.values() else AMPLE
    with pytest.raises(error) as raised:
        serve(Mailbox(**answers), timeout=patience).send(REFERENCE, BODY, handing_over)
    assert raised.value.code == code
    assert handing_over.times == announced
    assert "zhaotz" not in str(raised.value)


def test_a_refused_login_is_ours_to_mend_and_tried_later(serve):
    email = serve(
        Mailbox(),
        user="tiaojie",
        auth_require_tls=False,
        authenticator=lambda *_: AuthResult(success=False, handled=False),
    )
    with pytest.raises(TryLater) as raised:
        email.send(REFERENCE, BODY, HandingOver())
    assert raised.value.code == "authentication"


def test_a_login_is_given_when_asked_for(serve):
    mailbox, seen = Mailbox(), []

    def authenticate(server, session, envelope, mechanism, given):
        seen.append((given.login, given.password))
        return AuthResult(success=True)

    serve(mailbox, user="tiaojie", auth_require_tls=False, authenticator=authenticate).send(
        REFERENCE, BODY, HandingOver()
    )
    assert seen == [(b"tiaojie", b"secret")]
    assert len(mailbox.received) == 1


@pytest.fixture
def certificate(tmp_path):
    """A self-signed certificate of 127.0.0.1: its file, and a server's TLS context with it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), 1, now, now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path / "server.pem"
    file.write_bytes(
        signed.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return file, context


def test_starttls_encrypts_before_anything_is_said_to_a_trusted_server(
    serve, certificate, monkeypatch
):
    file, context = certificate
    mailbox = Mailbox()
    port = serve(mailbox, tls_context=context, require_starttls=True)._settings.smtp_port
    monkeypatch.setenv("SSL_CERT_FILE", str(file))  # how an operator adds a private authority
    an_email(port, security="starttls", timeout=5).send(REFERENCE, BODY, HandingOver())
    assert len(mailbox.received) == 1


def test_a_server_with_an_untrusted_certificate_gets_nothing(serve, certificate):
    mailbox = Mailbox()
    port = serve(mailbox, tls_context=certificate[1], require_starttls=True)._settings.smtp_port
    with pytest.raises(TryLater) as raised:
        an_email(port, security="starttls", timeout=5).send(REFERENCE, BODY, HandingOver())
    assert raised.value.code == "tls"
    assert mailbox.received == []


def test_a_server_without_starttls_gets_nothing_in_clear(serve):
    mailbox = Mailbox()
    plain = serve(mailbox)._settings.smtp_port
    with pytest.raises(TryLater) as raised:
        an_email(plain, security="starttls").send(REFERENCE, BODY, HandingOver())
    assert raised.value.code == "not_supported"
    assert mailbox.received == []


def test_a_plain_server_behind_a_tls_setting_is_tried_later(serve):
    port = serve(Mailbox())._settings.smtp_port
    with pytest.raises(TryLater) as raised:
        an_email(port, security="tls").send(REFERENCE, BODY, HandingOver())
    assert raised.value.code in {"tls", "timeout"}


def test_nobody_listening_is_tried_later():
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(TryLater) as raised:
        an_email(port).send(REFERENCE, BODY, HandingOver())
    assert raised.value.code == "connection"


def test_a_server_that_never_greets_is_given_up_in_time():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        email = an_email(silent.getsockname()[1], timeout=0.2)
        with pytest.raises(TryLater) as raised:
            email.send(REFERENCE, BODY, HandingOver())
    assert raised.value.code == "timeout"


def test_a_server_that_is_slow_at_every_step_is_given_up_in_time():
    """Each answer comes within the time-out, all of them together do not."""

    def drawl(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection:
            connection.sendall(b"220 slow\r\n")
            while connection.recv(1024):
                if done.wait(0.2):
                    return
                connection.sendall(b"250 slow\r\n")

    done = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=drawl, args=(listener,))
        thread.start()
        handing_over = HandingOver()
        with pytest.raises(TryLater) as raised:
            an_email(listener.getsockname()[1], timeout=0.5).send(REFERENCE, BODY, handing_over)
        done.set()
        thread.join(5)
    assert raised.value.code == "timeout"
    assert handing_over.times == 0


def test_a_lost_lease_at_the_last_moment_sends_nothing(serve):
    class Lost(Exception):
        pass

    def lost() -> None:
        raise Lost

    mailbox = Mailbox()
    with pytest.raises(Lost):
        serve(mailbox).send(REFERENCE, BODY, lost)
    assert mailbox.received == []


@pytest.mark.parametrize("to", ["a@b@example.com", "a..b@example.com", "a@exa mple.com"])
def test_an_address_that_is_none_is_refused_before_any_connection(to):
    with pytest.raises(RefusedForGood) as raised:
        an_email(1).send(REFERENCE, Body(to, "题", "文"), HandingOver())
    assert raised.value.code == "address"


def test_the_text_is_sent_in_base64_so_that_no_server_touches_it(serve):
    mailbox = Mailbox()
    serve(mailbox).send(REFERENCE, BODY, HandingOver())
    payload = message_from_bytes(mailbox.received[0][2]).get_payload()
    sent = base64.b64decode(payload).decode("utf-8")
    assert sent == BODY.text.replace("\n", "\r\n"), "lines of text end in CRLF (RFC 2045 6.6)"


def test_large_print_says_the_same_words_in_large_letters_beside_the_plain_ones(serve):
    text = "您好：\n\n流水号：2634 6268 8508 6477\n<b>&\n\n查询进度：https://tiaojie.example\n"
    mailbox = Mailbox()
    body = replace(BODY, text=text, large_print=True)
    serve(mailbox).send(REFERENCE, body, lambda: None)
    ((_, _, content),) = mailbox.received
    mail = message_from_bytes(content, policy=default)
    assert mail.get_content_type() == "multipart/alternative"
    plain, page = (part.get_content() for part in mail.iter_parts())
    assert plain.replace("\r\n", "\n") == text
    shown = re.sub(r"<br>", "\n", re.sub(r"</p>", "\n\n", page))
    assert unescape(re.sub(r"<[^>]+>", "", shown)).strip() == text.strip()
    sizes = [int(size) for size in re.findall(r"(\d+)px/", page)]
    assert sizes
    assert min(sizes) >= 24
    assert "color:#000" in page
    assert "background:#fff" in page
    assert "src=" not in page
    assert "http" not in page.replace("https://tiaojie.example", "")


def test_without_large_print_there_is_nothing_but_the_words(serve):
    mailbox = Mailbox()
    serve(mailbox).send(REFERENCE, BODY, lambda: None)
    ((_, _, content),) = mailbox.received
    assert message_from_bytes(content, policy=default).get_content_type() == "text/plain"
