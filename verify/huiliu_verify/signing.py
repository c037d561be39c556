"""Sign documents, check signatures, name keys by fingerprint. A signed document names its algorithm: Ed25519 can be replaced later."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key, load_pem_public_key

from huiliu_verify.language import EN, Text

ALGORITHM = "Ed25519"
SEPARATORS = re.compile(r"[\s:\-]")
FINGERPRINT = re.compile(r"[0-9a-f]{64}")


class KeyFileError(Exception):
    """A key is missing or not of the right kind; the message says where, what was found, what is allowed and what to do."""

    def __init__(self, where: object, found: Text, allowed: Text, fix: Text) -> None:
        self.problem = (str(where), found, allowed, fix)
        super().__init__(self.text(EN))

    def text(self, language: str) -> str:
        """Return the message in a language."""
        where, found, allowed, fix = self.problem
        heads = (Text("允许", "Allowed").to(language), Text("处理", "Fix").to(language))
        return f"{where}:\n  {found.to(language)}\n  {heads[0]}: {allowed.to(language)}\n  {heads[1]}: {fix.to(language)}"


@dataclass(frozen=True)
class Signer:
    """A private key that signs manifests, day entries and indexes."""

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

    @property
    def public(self) -> PublicKey:
        """Return the public key that accepts what this one signs."""
        return PublicKey(self.key.public_key(), self.key_id, self.algorithm)


@dataclass(frozen=True)
class PublicKey:
    """The sender's public key. The recipient gets it, or its fingerprint, by a separate way, never inside a package."""

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

    @property
    def fingerprint(self) -> str:
        """Return the SHA-256 hash of the key (DER) in hexadecimal; its first 16 digits are the key id."""
        return _fingerprint(self.key)

    @property
    def pem(self) -> bytes:
        """Return the key as the text of a key file."""
        return self.key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def grouped(fingerprint: str) -> str:
    """Return a fingerprint in groups of four, as it is read out over the telephone."""
    return " ".join(fingerprint[start : start + 4] for start in range(0, len(fingerprint), 4))


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
        fix = Text("`huiliu up` 会生成一个。", "`huiliu up` makes one.")
        raise KeyFileError(path, Text("不是可读取的私钥。", "is no readable private key."), _PEM, fix)
    return Signer(key, _fingerprint(key.public_key())[:16])


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
        fix = Text("向发送方索取公钥。", "ask the sender for it.")
        raise KeyFileError(path, Text("不是可读取的公钥。", "is no readable public key."), _PEM, fix)
    return PublicKey(key, _fingerprint(key)[:16])


def find_key(said: str, places: list[Path]) -> PublicKey:
    """Return the key that a user names: a key file, or the fingerprint of a key that lies in one of the folders.

    Raises:
        KeyFileError: it is neither, or no key there has this fingerprint.
    """
    digits = SEPARATORS.sub("", said).lower()
    if Path(said).is_file() or not FINGERPRINT.fullmatch(digits):
        return load_public_key(Path(said)) if Path(said).is_file() else _refuse(said)
    there = keys_in(places)
    match = next((key for key in there if key.fingerprint == digits), None)
    if match is not None:
        return match
    fingerprints = "; ".join(grouped(key.fingerprint) for key in there)
    raise KeyFileError(
        grouped(digits),
        Text("文件夹中没有这个指纹的公钥。", "no key in the folder has this fingerprint."),
        Text(fingerprints or "（文件夹中没有公钥）", fingerprints or "(there is no key in the folder)"),
        Text("再与发送方逐组核对；若不一致，请勿使用这些文件。", "compare it again; if it differs, use none of these files."),
    )


def keys_in(places: list[Path]) -> list[PublicKey]:
    """Return the public keys that lie in folders (`*.pub`); a file that is no key is passed over."""
    found = {}
    for path in sorted(file for place in places for file in place.glob("*.pub")):
        try:
            key = load_public_key(path)
        except KeyFileError:
            continue
        found[key.fingerprint] = key
    return list(found.values())


def _refuse(said: str) -> PublicKey:
    raise KeyFileError(
        said,
        Text("既不是公钥文件，也不是指纹。", "is neither a key file nor a fingerprint."),
        Text("PEM 格式的 Ed25519 公钥文件，或 16 组、每组 4 位的指纹", "an Ed25519 key in PEM, or a fingerprint of 16 groups of 4 digits"),
        Text("向发送方索取公钥文件，或请其读出指纹。", "ask the sender for the key file, or to read out the fingerprint."),
    )


_PEM = Text("PEM 格式的 Ed25519 密钥", "an Ed25519 key in PEM")


def _fingerprint(key: Ed25519PublicKey) -> str:
    return hashlib.sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()
