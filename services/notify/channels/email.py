"""E-mail over SMTP."""

from __future__ import annotations

import re
import smtplib
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from html import escape
from typing import Final

from services.notify.channels import Accepted, HandedOverUnknown, NotSent, RefusedForGood, TryLater
from services.notify.people.messages import Body
from services.notify.settings import NotifySettings

SENDER_NAME: Final = "劳动人事争议在线调解"


class Email:
    """E-mail over SMTP (RFC 5321), one connection a message.

    A 5xx for the recipient or the content is final. Whatever else goes wrong before the content is
    sent (connection, TLS, login, a 5xx for our own sender address) is ours to mend and tried later.
    """

    def __init__(self, settings: NotifySettings) -> None:
        self._settings = settings
        self._domain = settings.smtp_from.rpartition("@")[2]
        self._tls = ssl.create_default_context()

    def send(self, reference: str, body: Body, handing_over: Callable[[], None]) -> Accepted:
        content = self._content(reference, body)
        with _before_hand_over():
            connection = self._connect()
        try:
            with _before_hand_over():
                self._announce(connection, body.to)
            handing_over()
            return self._hand_over(connection, content)
        finally:
            connection.close()

    def _connect(self) -> smtplib.SMTP:
        """An SMTP session ready for MAIL, within the time-out as a whole."""
        settings = self._settings
        limit = settings.smtp_timeout_seconds
        # Naming ourselves spares smtplib a reverse look-up without a time-out.
        if settings.smtp_security == "tls":
            return smtplib.SMTP_SSL(
                settings.smtp_host,
                settings.smtp_port,
                self._domain,
                timeout=limit,
                context=self._tls,
            )
        return smtplib.SMTP(settings.smtp_host, settings.smtp_port, self._domain, timeout=limit)

    def _announce(self, connection: smtplib.SMTP, to: str) -> None:
        """Everything before the content; raise what `_before_hand_over` understands."""
        settings = self._settings
        deadline = time.monotonic() + settings.smtp_timeout_seconds
        if settings.smtp_security == "starttls":
            _limit(connection, deadline)
            connection.starttls(context=self._tls)
        _limit(connection, deadline)
        connection.ehlo_or_helo_if_needed()
        if settings.smtp_user:
            _limit(connection, deadline)
            connection.login(settings.smtp_user, settings.smtp_password)
        _limit(connection, deadline)
        _expect(250, connection.mail(settings.smtp_from), TryLater)
        _limit(connection, deadline)
        _expect(250, connection.rcpt(to), RefusedForGood)
        _limit(connection, deadline)
        _expect(354, connection.docmd("DATA"), RefusedForGood)

    def _hand_over(self, connection: smtplib.SMTP, content: bytes) -> Accepted:
        _limit(connection, time.monotonic() + self._settings.smtp_timeout_seconds)
        try:
            connection.send(content)
            code, answer = connection.getreply()
        except (OSError, smtplib.SMTPException) as error:
            raise HandedOverUnknown(_code(error)) from None
        if not 200 <= code < 600:
            raise HandedOverUnknown("smtp_unreadable")
        _expect(250, (code, answer), RefusedForGood)
        with suppress(OSError, smtplib.SMTPException):
            connection.putcmd("QUIT")  # its answer would only cost time
        return Accepted(_queue_id(answer))

    def _content(self, reference: str, body: Body) -> bytes:
        """The e-mail as sent after DATA. In base64 no line begins with a dot (RFC 5321 4.5.2).

        The same reference gives the same Message-ID, by which a receiving server can drop a copy.
        """
        mail = EmailMessage(policy=SMTP)
        try:
            mail["From"] = Address(SENDER_NAME, addr_spec=self._settings.smtp_from)
            mail["To"] = Address(addr_spec=body.to)
            mail["Subject"] = body.subject
        except (ValueError, MessageError):
            raise RefusedForGood("address") from None
        mail["Date"] = format_datetime(datetime.now(UTC))
        mail["Message-ID"] = f"<{reference}@{self._domain}>"
        mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office answers
        mail.set_content(body.text, charset="utf-8", cte="base64")
        if body.large_print:
            page = large_print(body.text, body.language)
            mail.add_alternative(page, subtype="html", charset="utf-8", cte="base64")
        return bytes(mail).rstrip(b"\r\n") + b"\r\n.\r\n"


def large_print(text: str, language: str) -> str:
    """The same words as a page in black on white and 26 px letters, which grow with the window's
    settings; nothing is loaded from anywhere."""
    paragraphs = "".join(
        f'<p style="margin:0 0 1em">{"<br>".join(escape(line) for line in part.splitlines())}</p>'
        for part in re.split(r"\n{2,}", text.strip())
    )
    return (
        f'<!doctype html><html lang="{escape(language)}"><head><meta charset="utf-8"></head>'
        '<body style="margin:0;padding:24px;background:#fff;color:#000">'
        '<div style="max-width:40em;font:26px/1.6 sans-serif">'
        f"{paragraphs}</div></body></html>"
    )


def _expect(code: int, reply: tuple[int, bytes], refusal: type[NotSent]) -> None:
    """Raise `refusal` for a 5xx reply, TryLater for any other but `code` and its kin (251)."""
    if reply[0] >= 500:
        raise refusal(f"smtp_{reply[0]}")
    if reply[0] // 10 != code // 10:
        raise TryLater(f"smtp_{reply[0]}" if reply[0] > 0 else "smtp_unreadable")


@contextmanager
def _before_hand_over() -> Iterator[None]:
    """Whatever the connection or the server does, nothing was sent yet: TryLater."""
    try:
        yield
    except NotSent:
        raise
    except (OSError, smtplib.SMTPException) as error:
        raise TryLater(_code(error)) from None


def _code(error: Exception) -> str:
    """A name for what went wrong without the server's words, which may quote an address."""
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return "authentication"
    if isinstance(error, smtplib.SMTPResponseException):
        return f"smtp_{error.smtp_code}"
    if isinstance(error, ssl.SSLError):
        return "tls"
    if isinstance(error, TimeoutError) or isinstance(error.__context__, TimeoutError):
        return "timeout"
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return "not_supported"
    return "connection"


def _limit(connection: smtplib.SMTP, deadline: float) -> None:
    """Give the next step what is left until `deadline`, so that many slow steps cannot add up."""
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    if isinstance(connection.sock, socket.socket):
        connection.sock.settimeout(left)


def _queue_id(answer: bytes) -> str | None:
    """The receiving server's name for the e-mail, if its answer looks like one (`queued as 4F2`)."""
    found = re.search(rb"queued as ([A-Za-z0-9.-]{1,64})", answer)
    return found[1].decode() if found else None
