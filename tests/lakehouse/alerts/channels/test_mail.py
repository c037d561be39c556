"""Mail on a real SMTP server: plain, with STARTTLS and over TLS, with and without a password."""

from __future__ import annotations

import email
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email import policy
from email.message import EmailMessage
from ipaddress import ip_address
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from lakehouse.alerts.channels import attempts, mail
from lakehouse.alerts.channels.target import Target
from lakehouse.errors import ConfigError, DeliveryError
from tests.lakehouse.alerts.letters import alert, letter

pytestmark = pytest.mark.fast

ROUTE = mail.Envelope("huiliu@city.gov.cn", ("duty@city.gov.cn", "chief@city.gov.cn"))
LOGIN = ("robot", "a: password")


class Desk:
    """What a mail server takes and says."""

    def __init__(self) -> None:
        self.taken: list[Envelope] = []
        self.refuses = ""
        self.answers = ["250 OK"]

    async def handle_RCPT(self, _server: object, _session: Session, envelope: Envelope, address: str, _options: list[str]) -> str:  # noqa: N802
        if address == self.refuses:
            return "550 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: object, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if answer.startswith("250"):
            self.taken.append(envelope)
        return answer

    @property
    def mails(self) -> list[EmailMessage]:
        """Return what was taken, read."""
        return [email.message_from_bytes(one.content, policy=policy.default) for one in self.taken]  # type: ignore[arg-type,misc]


@pytest.fixture(autouse=True)
def _hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempts, "FIRST_WAIT_SECONDS", 0.01)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a certificate of this machine with its key, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "server.pem"
    secret = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.write_bytes(made.public_bytes(serialization.Encoding.PEM) + secret)
    return path


@pytest.fixture
def trusted(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """Let this process trust the certificate, and return what a server needs."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    return server_context(certificate)


def server_context(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


class AnyPort(Controller):
    """A mail server on a free port."""

    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]  # type: ignore[union-attr]
        super()._trigger_server()


@contextmanager
def server(desk: Desk, **given: object) -> Iterator[int]:
    """Yield the port of a mail server."""
    controller = AnyPort(desk, hostname="127.0.0.1", port=0, **given)  # type: ignore[arg-type]
    controller.start()
    try:
        yield controller.port
    finally:
        controller.stop()


def authenticator(_server: object, _session: Session, _envelope: Envelope, _mechanism: str, given: LoginPassword) -> AuthResult:
    return AuthResult(success=(given.login.decode(), given.password.decode()) == LOGIN, handled=False)


def test_a_mail_reaches_all_addresses_in_both_languages() -> None:
    desk = Desk()
    with server(desk) as port:
        mail.send(Target("post", f"smtp://127.0.0.1:{port}", ""), ROUTE, letter(alert(1)))
    assert [one.rcpt_tos for one in desk.taken] == [list(ROUTE.to)]
    (one,) = desk.mails
    assert one["Subject"] == "[回流 示范市] 1 项告警，最高错误 / Tiny: 1 alerts, worst error"
    assert (one["From"], one["To"]) == (ROUTE.sender, ", ".join(ROUTE.to))
    assert one["Auto-Submitted"] == "auto-generated"
    assert one["Date"]
    assert one["Message-ID"].endswith("@city.gov.cn>")
    assert "批次未通过质量闸口 / new, error: a batch did not pass the gate" in one.get_content()


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")  # of the server, which does not count TLS from the beginning
@pytest.mark.parametrize("scheme", ["smtp+starttls", "smtps"])
def test_a_password_is_sent_over_tls(scheme: str, trusted: ssl.SSLContext) -> None:
    desk = Desk()
    tls = {"ssl_context": trusted, "auth_require_tls": False} if scheme == "smtps" else {"tls_context": trusted, "require_starttls": True}
    with server(desk, authenticator=authenticator, auth_required=True, **tls) as port:
        url = f"{scheme}://127.0.0.1:{port}"
        mail.send(Target("post", url, ":".join(LOGIN)), ROUTE, letter(alert(1)))
        with pytest.raises(DeliveryError, match="answered 535") as error:
            mail.send(Target("post", url, "robot:wrong"), ROUTE, letter(alert(1)))
    assert "wrong" not in str(error.value)
    assert len(desk.taken) == 1


def test_a_server_that_cannot_prove_who_it_is_gets_nothing(certificate: Path) -> None:
    desk = Desk()
    with server(desk, tls_context=server_context(certificate)) as port, pytest.raises(DeliveryError, match="SSLCertVerificationError"):
        mail.send(Target("post", f"smtp+starttls://127.0.0.1:{port}", ":".join(LOGIN)), ROUTE, letter(alert(1)))
    assert desk.taken == []


def test_a_password_is_never_sent_in_the_clear() -> None:
    with pytest.raises(ConfigError, match="would be sent in the clear"):
        mail.send(Target("post", "smtp://127.0.0.1:9", "robot:secret"), ROUTE, letter(alert(1)))


def test_a_temporary_refusal_is_tried_again_and_a_lasting_one_is_not() -> None:
    desk = Desk()
    desk.answers = ["451 later", "250 OK"]
    with server(desk) as port:
        mail.send(Target("post", f"smtp://127.0.0.1:{port}", ""), ROUTE, letter(alert(1)))
        assert len(desk.taken) == 1
        desk.answers = ["554 never", "250 OK"]
        with pytest.raises(DeliveryError, match="answered 554"):
            mail.send(Target("post", f"smtp://127.0.0.1:{port}", ""), ROUTE, letter(alert(1)))
    assert len(desk.taken) == 1


def test_an_address_that_is_refused_is_told() -> None:
    desk = Desk()
    desk.refuses = ROUTE.to[1]
    with server(desk) as port, pytest.raises(DeliveryError, match="refused 1 of the addresses") as error:
        mail.send(Target("post", f"smtp://127.0.0.1:{port}", ""), ROUTE, letter(alert(1)))
    assert desk.refuses not in str(error.value)


def test_a_server_that_is_not_there_is_told() -> None:
    desk = Desk()
    with server(desk) as port:
        pass
    with pytest.raises(DeliveryError, match="ConnectionRefusedError"):
        mail.send(Target("post", f"smtp://127.0.0.1:{port}", ""), ROUTE, letter(alert(1)))
