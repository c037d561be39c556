"""Returns signatures and checks them. The algorithm is a field of what is signed, so that another one can follow Ed25519."""

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
    """A key file is missing, or is no key of the right kind; the message says which and what to do."""


@dataclass(frozen=True)
class Signer:
    """A private key of this house."""

    key: Ed25519PrivateKey
    key_id: str
    algorithm: str = ALGORITHM

    def sign(self, message: bytes) -> bytes:
        """Return the signature as base64 text; the same message always has the same."""
        return base64.b64encode(self.key.sign(message))

    @property
    def named(self) -> dict[str, str]:
        """Return what a signed document says about its signature."""
        return {"algorithm": self.algorithm, "key_id": self.key_id}


@dataclass(frozen=True)
class PublicKey:
    """The key a recipient was given by hand, never inside a package."""

    key: Ed25519PublicKey
    key_id: str
    algorithm: str = ALGORITHM

    def accepts(self, message: bytes, signature: bytes) -> bool:
        """Return whether this key's owner signed the message."""
        try:
            self.key.verify(base64.b64decode(signature, validate=True), message)
        except (InvalidSignature, binascii.Error):
            return False
        return True


def load_signer(path: Path) -> Signer:
    """Return the signer of a private key file (PEM).

    Raises:
        KeyFileError: there is none, or it is of another kind.
    """
    try:
        key = load_pem_private_key(path.read_bytes(), None)
    except (OSError, ValueError, TypeError):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise KeyFileError(f"{path}:\n  is no readable private key.\n  Allowed: an Ed25519 key in PEM\n  Fix: `huiliu up` makes one.")
    return Signer(key, _key_id(key.public_key()))


def load_public_key(path: Path) -> PublicKey:
    """Return a public key file (PEM).

    Raises:
        KeyFileError: there is none, or it is of another kind.
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
