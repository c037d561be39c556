"""Give an instance the suite's own keys before its first start, so that the same landed bytes give the same packages."""

from __future__ import annotations

import hashlib

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from lakehouse.config import Instance


def place_keys(instance: Instance) -> None:
    """Write the keys that decide the bytes of packages (pseudonyms, signatures); they are public and protect nothing."""
    signing = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(b"huiliu tests: signing").digest())
    contents = {
        "hmac.key": hashlib.sha256(b"huiliu tests: pseudonyms").hexdigest().encode(),
        "signing.key": signing.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
        "signing.pub": signing.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
    }
    instance.folder("keys").chmod(0o700)
    for name, content in contents.items():
        path = instance.key_path(name)
        path.write_bytes(content)
        path.chmod(0o644 if name == "signing.pub" else 0o600)
