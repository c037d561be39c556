"""Seal the parts of an archive under a passphrase: scrypt makes the key, AES-256-GCM encrypts a part and notices any change of it."""

from __future__ import annotations

import os
from typing import Literal

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from pydantic import BaseModel, ConfigDict, Field

from lakehouse.errors import ConfigError, Problem

SALT_BYTES, NONCE_BYTES, KEY_BYTES = 16, 12, 32
LARGEST_PART = 2**31 - 1
"""What the library encrypts in one call."""


class Sealing(BaseModel):
    """How the key is made from the passphrase (RFC 7914); the numbers make every guess cost 64 MiB and a tenth of a second."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    salt: str = Field(pattern=r"^[0-9a-f]{32}$")
    n: Literal[65536] = 65536
    r: Literal[8] = 8
    p: Literal[1] = 1

    @classmethod
    def new(cls) -> Sealing:
        """Return a sealing with a salt of its own, so that no two archives have the same key."""
        return cls(salt=os.urandom(SALT_BYTES).hex())

    def key(self, passphrase: str) -> Key:
        """Return the key that a passphrase opens the archive with."""
        return Key(Scrypt(salt=bytes.fromhex(self.salt), length=KEY_BYTES, n=self.n, r=self.r, p=self.p).derive(passphrase.encode()))


class Key:
    """The key of one archive. A part is bound to its name, so that parts cannot be exchanged."""

    def __init__(self, secret: bytes) -> None:
        self._cipher = AESGCM(secret)

    def seal(self, name: str, content: bytes) -> bytes:
        """Return a part encrypted.

        Raises:
            ConfigError: the part is too large.
        """
        if len(content) > LARGEST_PART:
            found = f"a part of {len(content)} bytes cannot be sealed."
            fix = "make the backup without a passphrase, and encrypt the archive with a tool of your own."
            raise ConfigError(Problem(name, found, f"up to {LARGEST_PART} bytes", fix).text())
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, content, name.encode())

    def open(self, name: str, sealed: bytes) -> bytes:
        """Return a part as it was before it was sealed.

        Raises:
            ConfigError: the passphrase is another one, or the part was altered.
        """
        try:
            return self._cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], name.encode())
        except InvalidTag:
            found = "it does not open: the passphrase is another one, or the part was altered."
            raise ConfigError(
                Problem(name, found, "", "give the passphrase the backup was made with (--passphrase-file).").text()
            ) from None
