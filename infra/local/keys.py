"""Create the keys of an instance at its first start, readable by their owner only; the public key may be read by anybody."""

from __future__ import annotations

import json
import os
import secrets
from pathlib import Path

from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat, load_pem_private_key

from lakehouse.config import Instance
from lakehouse.errors import ConfigError, Problem

PASSWORDS = ("postgres.password", "airflow.jwt", "airflow.secret", "spark.token")
PUBLIC = "signing.pub"
API_CLIENTS = ("province_api", "city_api")  # connections to the sample's API server
AIRFLOW_USER = "admin"


def ensure(instance: Instance) -> None:
    """Create every key that does not exist yet; an existing key is never touched."""
    instance.folder("keys").chmod(0o700)
    _write_once(instance.key_path("hmac.key"), secrets.token_hex(32).encode())
    for name in PASSWORDS:
        _write_once(instance.key_path(name), secrets.token_urlsafe(48).encode())
    for name in API_CLIENTS:
        _write_once(instance.key_path(f"{name}.client"), f"huiliu-{name}:{secrets.token_urlsafe(32)}".encode())
    _write_once(instance.key_path("minio.client"), f"huiliu:{secrets.token_urlsafe(32)}".encode())
    _write_once(instance.key_path("airflow.fernet"), Fernet.generate_key())
    passwords = json.dumps({AIRFLOW_USER: secrets.token_urlsafe(12)})
    _write_once(instance.key_path("airflow.users.json"), passwords.encode())
    _ensure_signing_pair(instance)


def read(instance: Instance, name: str) -> str:
    """Return the text of a secret.

    Raises:
        ConfigError: it is missing: the instance was started by an earlier version, or never.
    """
    path = instance.key_path(name)
    if not path.is_file():
        raise ConfigError(Problem(str(path), "the key is missing.", "", "run `huiliu up`: it makes what is missing.").text())
    return path.read_text("utf-8").strip()


def airflow_password(instance: Instance) -> str:
    """Return the password of the Airflow user `admin`."""
    password: str = json.loads(read(instance, "airflow.users.json"))[AIRFLOW_USER]
    return password


def _ensure_signing_pair(instance: Instance) -> None:
    private_path, public_path = instance.key_path("signing.key"), instance.key_path(PUBLIC)
    if private_path.is_file() and public_path.is_file():
        public_path.chmod(0o644)
        return
    private = Ed25519PrivateKey.generate()
    _write_once(private_path, private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    from_file = _load_private(private_path)
    public = from_file.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    _write_once(public_path, public)
    public_path.chmod(0o644)


def _load_private(path: Path) -> Ed25519PrivateKey:
    key = load_pem_private_key(path.read_bytes(), None)
    if not isinstance(key, Ed25519PrivateKey):
        raise TypeError(f"{path} is not an Ed25519 key")
    return key


def _write_once(path: Path, content: bytes) -> None:
    """Write a secret through a temporary file, so that an interrupted start leaves no partial key."""
    if path.exists():
        return
    scratch = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as handle:
        handle.write(content)
        handle.flush()
        os.fsync(handle.fileno())
    scratch.rename(path)
