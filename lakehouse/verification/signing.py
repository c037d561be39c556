"""Sign documents and check signatures. A signed document names its algorithm, so that Ed25519 can be replaced later."""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key, load_pem_public_key

ALGORITHM = "Ed25519"


class KeyFileError(Exception):
    """A key file is missing or holds no key of the right kind; the message names the file and what to do."""


@dataclass(frozen=True)
class Signer:
    """A private key that signs manifests and day entries."""

    key: Ed25519PrivateKey
    key_id: str
    algorithm: str = ALGORITHM

    def sign(self, message: bytes) -> bytes:
        """Return the signature as base64 text; the same message always has the same signature."""
        return base64.b64encode(self.key.sign(message))

    @property
    def named(self) -> dict[str, str]:
        """Return the field `signature` of a signed document: algorithm and key id."""
        return {"algorithm": self.algorithm, "key_id": self.key_id}


@dataclass(frozen=True)
class PublicKey:
    """The sender's public key. The recipient gets it by a separate way, never inside a package."""

    key: Ed25519PublicKey
    key_id: str
    algorithm: str = ALGORITHM

    def accepts(self, message: bytes, signature: bytes) -> bool:
        """Return whether the signature of the message was made with the matching private key."""
        try:
            self.key.verify(base64.b64decode(signature, validate=True), message)
        except (InvalidSignature, binascii.Error):
            return False
        return True


def load_signer(path: Path) -> Signer:
    """Load the signer from a private key file (PEM).

    Raises:
        KeyFileError: there is no readable Ed25519 key.
    """
    try:
        key = load_pem_private_key(path.read_bytes(), None)
    except (OSError, ValueError, TypeError):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise KeyFileError(f"{path}:\n  is no readable private key.\n  Allowed: an Ed25519 key in PEM\n  Fix: `huiliu up` makes one.")
    return Signer(key, _key_id(key.public_key()))


def load_public_key(path: Path) -> PublicKey:
    """Load the public key from a file (PEM).

    Raises:
        KeyFileError: there is no readable Ed25519 key.
    """
    try:
        key = load_pem_public_key(path.read_bytes())
    except (OSError, ValueError):
        key = None
    if not isinstance(key, Ed25519PublicKey):
        raise KeyFileError(f"{path}:\n  is no readable public key.\n  Allowed: an Ed25519 key in PEM\n  Fix: ask the sender for it.")
    return PublicKey(key, _key_id(key))


def _key_id(key: Ed25519PublicKey) -> str:
    return hashlib.sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()[:16]
