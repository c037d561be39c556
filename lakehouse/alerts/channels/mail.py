"""Send a message as mail (SMTP), encrypted where the address says so; a password is never sent in the clear."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from urllib.parse import urlsplit

from lakehouse.alerts.channels.attempts import PassingError, attempts
from lakehouse.alerts.channels.target import Target
from lakehouse.alerts.letter import Letter, text, title
from lakehouse.errors import ConfigError, DeliveryError, Problem

TIMEOUT_SECONDS = 10
PORTS = {"smtps": 465, "smtp+starttls": 587, "smtp": 25}
TEMPORARY = range(400, 500)


@dataclass(frozen=True)
class Envelope:
    """Who a mail comes from and who gets it."""

    sender: str
    to: Sequence[str]


def send(target: Target, envelope: Envelope, letter: Letter) -> None:
    """Send a message as mail to all addresses of its route.

    Raises:
        ConfigError: a password is to be sent over a connection that is not encrypted, or it is not `user:password`.
        DeliveryError: the server did not take the mail for every address.
    """
    user, _, password = target.secret.partition(":")
    if target.secret and (not password or urlsplit(target.url).scheme == "smtp"):
        found = "is not `user:password`." if not password else "would be sent in the clear, because the address begins with smtp://."
        allowed = "`user:password`, with smtps://… or smtp+starttls://…"
        raise ConfigError(Problem(f"channel {target.connection}: the secret", found, allowed, "correct it.").text())
    attempts()(_once, target, _mail(envelope, letter), (user, password))


def _mail(envelope: Envelope, letter: Letter) -> EmailMessage:
    mail = EmailMessage()
    mail["Subject"], mail["From"], mail["To"] = title(letter), envelope.sender, ", ".join(envelope.to)
    mail["Date"] = format_datetime(letter.written_at)
    mail["Message-ID"] = make_msgid(domain=envelope.sender.rpartition("@")[2])
    mail["Auto-Submitted"] = "auto-generated"  # so that no server answers with a notice of absence
    mail.set_content(text(letter))
    return mail


def _once(target: Target, mail: EmailMessage, login: tuple[str, str]) -> None:
    where = f"channel {target.connection}"
    try:
        with _connected(target) as server:
            if login[0]:
                server.login(*login)
            refused = server.send_message(mail)
    except (smtplib.SMTPResponseException, smtplib.SMTPRecipientsRefused) as error:
        number = error.smtp_code if isinstance(error, smtplib.SMTPResponseException) else min(one for one, _ in error.recipients.values())
        kind = PassingError if number in TEMPORARY else DeliveryError
        raise kind(Problem(where, f"the mail server answered {number}.", "", "check sender, addresses and password.").text()) from None
    except (OSError, smtplib.SMTPException) as error:
        found = f"the mail server does not answer as it should ({type(error).__name__})."
        raise PassingError(Problem(where, found, "", "check the address, the encryption and the network.").text()) from None
    if refused:
        raise DeliveryError(Problem(where, f"the mail server refused {len(refused)} of the addresses.", "", "correct `to`.").text())


def _connected(target: Target) -> smtplib.SMTP:
    parts = urlsplit(target.url)
    host, port = parts.hostname or "", parts.port or PORTS[parts.scheme]
    if parts.scheme == "smtps":
        return smtplib.SMTP_SSL(host, port, timeout=TIMEOUT_SECONDS, context=ssl.create_default_context())
    server = smtplib.SMTP(host, port, timeout=TIMEOUT_SECONDS)
    if parts.scheme == "smtp+starttls":
        try:
            server.starttls(context=ssl.create_default_context())
        except BaseException:
            server.close()
            raise
    return server
