"""Write and read the archive of a backup: one zip file, readable by its owner only, with the manifest and the parts it lists."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from zipfile import ZIP_STORED, BadZipFile, ZipFile

from pydantic import ValidationError

from lakehouse.backup.manifest import Facts, Manifest, Part
from lakehouse.backup.sealing import Key, Sealing
from lakehouse.errors import ConfigError, Problem, problems_text

MANIFEST = "manifest.json"
CHUNK = 1024 * 1024


@dataclass(frozen=True)
class Source:
    """A file that becomes a part of an archive."""

    name: str
    what: str
    path: Path


def write(target: Path, facts: Facts, sources: Sequence[Source], passphrase: str | None) -> Manifest:
    """Write an archive; it appears under its name once it is complete. What is not sealed is only copied: dumps are compressed already."""
    sealing = Sealing.new() if passphrase else None
    key = sealing.key(passphrase) if sealing and passphrase else None
    scratch = target.with_name(f".{target.name}.{os.getpid()}")
    descriptor = os.open(scratch, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(descriptor, "w+b") as file:
            with ZipFile(file, "w", ZIP_STORED) as archive:
                parts = tuple(_add(archive, source, key) for source in sources)
                manifest = Manifest(facts=facts, parts=parts, sealing=sealing)
                archive.writestr(MANIFEST, manifest.model_dump_json(indent=2))
            file.flush()
            os.fsync(file.fileno())
        scratch.rename(target)
    finally:
        scratch.unlink(missing_ok=True)
    return manifest


class Archive:
    """An archive whose manifest was read and whose every byte was compared with it."""

    def __init__(self, path: Path, passphrase: str | None = None) -> None:
        """Read an archive and check it before anything else is done with it.

        Raises:
            ConfigError: it is no backup, it is damaged, or the passphrase is missing or another one.
        """
        self._path = path
        self.manifest = _manifest(path)
        _verify(path, self.manifest)
        sealing = self.manifest.sealing
        if sealing and not passphrase:
            raise ConfigError(
                Problem(str(path), "it is sealed with a passphrase.", "", "give it in a file: --passphrase-file FILE.").text()
            )
        self._key = sealing.key(passphrase) if sealing and passphrase else None
        if self._key and self.manifest.parts:
            self.content(min(self.manifest.parts, key=lambda part: part.bytes).name)

    def names(self, prefix: str) -> list[str]:
        """Return the names of the parts below a folder."""
        return [part.name for part in self.manifest.parts if part.name.startswith(prefix)]

    def content(self, name: str) -> bytes:
        """Return the bytes of a small part."""
        with ZipFile(self._path) as archive:
            stored = archive.read(name)
        return self._key.open(name, stored) if self._key else stored

    def extract(self, name: str, target: Path) -> None:
        """Write a part to a file."""
        if self._key:
            target.write_bytes(self.content(name))
            return
        with ZipFile(self._path) as archive, archive.open(name) as stored, target.open("wb") as file:
            shutil.copyfileobj(stored, file, CHUNK)


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _add(archive: ZipFile, source: Source, key: Key | None) -> Part:
    if key:
        sealed = key.seal(source.name, source.path.read_bytes())
        archive.writestr(source.name, sealed)
        return Part(name=source.name, what=source.what, bytes=len(sealed), sha256=hashlib.sha256(sealed).hexdigest())
    with source.path.open("rb") as file, archive.open(source.name, "w", force_zip64=True) as stored:
        size, sha256 = _copied(file, stored)
    return Part(name=source.name, what=source.what, bytes=size, sha256=sha256)


def _copied(file: IO[bytes], stored: IO[bytes] | None) -> tuple[int, str]:
    """Read a file to its end, into another one if there is one; return its size and SHA-256."""
    size, digest = 0, hashlib.sha256()
    while chunk := file.read(CHUNK):
        size += len(chunk)
        digest.update(chunk)
        if stored is not None:
            stored.write(chunk)
    return size, digest.hexdigest()


def _manifest(path: Path) -> Manifest:
    try:
        with ZipFile(path) as archive:
            return Manifest.model_validate_json(archive.read(MANIFEST))
    except FileNotFoundError:
        raise ConfigError(Problem(str(path), "there is no such file.").text()) from None
    except (BadZipFile, KeyError, ValidationError):
        found = "it is not a backup that this version can read, or its manifest is damaged."
        raise ConfigError(Problem(str(path), found, "an archive made by `huiliu backup`", "take another archive.").text()) from None


def _verify(path: Path, manifest: Manifest) -> None:
    """Compare every part with the manifest.

    Raises:
        ConfigError: a part is missing or was altered, or the archive holds more than the manifest lists.
    """
    problems, listed = [], {part.name for part in manifest.parts}
    with ZipFile(path) as archive:
        there = archive.namelist()
        problems += [Problem(f"{path}: {name}", "the manifest does not list it.") for name in set(there) - listed - {MANIFEST}]
        for part in manifest.parts:
            found = _found(archive, part.name) if there.count(part.name) == 1 else "it is missing, or there twice"
            if found != (part.bytes, part.sha256):
                said = found if isinstance(found, str) else f"size or SHA-256 differ from the manifest ({found[0]} bytes)"
                problems.append(Problem(f"{path}: {part.name}", f"{said}.", f"{part.bytes} bytes, SHA-256 {part.sha256}"))
    if problems:
        raise ConfigError(f"{problems_text(problems)}\n  Fix: the archive is damaged; nothing was restored. Take another one.")


def _found(archive: ZipFile, name: str) -> tuple[int, str] | str:
    try:
        with archive.open(name) as stored:
            return _copied(stored, None)
    except BadZipFile:
        return "it cannot be read: its bytes were altered"
