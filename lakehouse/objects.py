"""The areas of the object store (landing, lake, exchange): the same few methods for a folder and for an S3 store.

The only module that imports the object-store library. A store is chosen by its URL; keys, region and endpoint of an S3 store
come from the usual `AWS_*` variables, those of the instance's own server from its key file. Tasks in Spark's workers take them from the
environment of the application, so that no secret is in a query plan.
"""

from __future__ import annotations

import io
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, cast
from urllib.parse import unquote, urlsplit

import obstore
from obstore.exceptions import AlreadyExistsError
from obstore.store import from_url

from lakehouse.config import AreaName, Instance
from lakehouse.errors import ConfigError, Problem

ONE_REQUEST = 64 * 1024 * 1024
Content = bytes | Path


@dataclass(frozen=True)
class StoredObject:
    """An object of an area: its path below the area's root, its size, and when it was written."""

    path: str
    size: int
    written_at: datetime


class Area:
    """One area of the store. Paths are relative to its root; an object is seen whole or not at all."""

    def __init__(self, url: str, access: Mapping[str, str] | None = None) -> None:
        """Open an area; `access` are `AWS_*` settings of an S3 store, which take precedence over the environment."""
        self._url = url.rstrip("/")
        self._store: Any = from_url(self._url, **_options(self._url, access or {}))

    def put_new(self, path: str, content: Content) -> bool:
        """Create an object unless it exists already; return whether it was created.

        A file too large for one request is streamed after a check that the object does not exist. Two writers may both pass that check;
        callers give such files a path that contains their hash, so both write the same bytes.
        """
        if isinstance(content, Path) and content.stat().st_size > ONE_REQUEST:
            if self.exists(path):
                return False
            obstore.put(self._store, path, content)
            return True
        try:
            obstore.put(self._store, path, content, mode="create")
        except AlreadyExistsError:
            return False
        return True

    def put(self, path: str, content: Content) -> None:
        """Write an object, replacing what was there."""
        obstore.put(self._store, path, content)

    def get(self, path: str) -> bytes:
        """Return the bytes of an object.

        Raises:
            FileNotFoundError: there is no such object.
        """
        return bytes(obstore.get(self._store, path).bytes())

    def exists(self, path: str) -> bool:
        """Return whether there is such an object."""
        try:
            obstore.head(self._store, path)
        except FileNotFoundError:
            return False
        return True

    def open(self, path: str) -> BinaryIO:
        """Return a stream over the bytes of an object."""
        reader = obstore.open_reader(self._store, path)
        return cast("BinaryIO", io.BufferedReader(_Reader(reader), buffer_size=1024 * 1024))

    def create(self, path: str) -> BinaryIO:
        """Return a stream to write an object with; the object appears when the stream is closed."""
        return cast("BinaryIO", _Writer(obstore.open_writer(self._store, path)))

    def list(self, prefix: str = "", after: str = "") -> Iterator[StoredObject]:
        """Return the objects below a folder, by path; with `after` only those whose path comes after that one."""
        pages = obstore.list(self._store, prefix or None, offset=after or None)
        found = [StoredObject(one["path"], one["size"], one["last_modified"]) for page in pages for one in page]
        return iter(sorted(found, key=lambda one: one.path))

    def folders(self, prefix: str = "") -> tuple[str, ...]:
        """Return the paths of the folders directly below a folder."""
        return tuple(sorted(obstore.list_with_delimiter(self._store, prefix or None)["common_prefixes"]))

    def delete(self, paths: Iterable[str]) -> None:
        """Remove objects; a missing object is not an error."""
        for path in paths:
            try:
                obstore.delete(self._store, path)
            except FileNotFoundError:
                continue

    def delete_below(self, prefix: str) -> None:
        """Remove every object below a folder."""
        self.delete(one.path for one in self.list(prefix))

    def delete_folder(self, path: str) -> None:
        """Remove a folder with every object below it; in a file system its empty folders would stay, and no table could be made there."""
        self.delete_below(path)
        local = self.local_path(path)
        if local is not None:
            shutil.rmtree(local, ignore_errors=True)

    def local_path(self, path: str = "") -> Path | None:
        """Return where an object lies in the file system; None where the store is no folder."""
        parts = urlsplit(self._url)
        return Path(unquote(parts.path)) / path if parts.scheme == "file" else None

    def spark_url(self, path: str = "") -> str:
        """Return the URL under which Spark finds an object or folder."""
        local = self.local_path(path)
        if local is not None:
            return f"file://{local}"  # Hadoop takes a path as it is: a percent-encoded one would be another folder
        return "/".join(part for part in (self._url.replace("s3://", "s3a://", 1), path) if part)


class _Reader(io.RawIOBase):
    """A reader of the library, wrapped as a Python stream."""

    def __init__(self, reader: Any) -> None:
        self._reader = reader

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        part = bytes(self._reader.read(len(buffer)))
        buffer[: len(part)] = part
        return len(part)


class _Writer(io.RawIOBase):
    """A writer of the library, wrapped as a Python stream."""

    def __init__(self, writer: Any) -> None:
        self._writer = writer

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._writer.write(bytes(data))
        return len(data)

    def close(self) -> None:
        if not self.closed:
            self._writer.close()
        super().close()


def open_area(instance: Instance, area: AreaName) -> Area:
    """Return an area of the instance's store."""
    return Area(instance.root(area), minio_access(instance) if instance.has_own_store else None)


def store_access(instance: Instance) -> dict[str, str]:
    """Return the `AWS_*` settings for engines that read the instance's S3 store themselves (Spark, deltalake, DuckDB).

    Where the environment names no S3 store, these are the settings of the instance's own server, even if another store is in use.
    """
    named = {name: value for name, value in os.environ.items() if name.startswith("AWS_")}
    if instance.has_own_store or not any(name in named for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT", "AWS_ACCESS_KEY_ID")):
        return minio_access(instance)
    return named


def minio_access(instance: Instance) -> dict[str, str]:
    """Return the `AWS_*` settings of the instance's own object store server.

    Raises:
        ConfigError: the instance was never started, so it has no key.
    """
    key = instance.key_path("minio.client")
    if not key.is_file():
        raise ConfigError(Problem(str(key), "there is no key of the object store server.", "", "run `huiliu up`.").text())
    name, _, secret = key.read_text("utf-8").strip().partition(":")
    return {
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{instance.ports.minio}",
        "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": name,
        "AWS_SECRET_ACCESS_KEY": secret,
    }


def _options(url: str, access: Mapping[str, str]) -> dict[str, Any]:
    if url.startswith("file:"):
        return {"mkdir": True}
    named = {**os.environ, **access}
    plain = named.get("AWS_ENDPOINT_URL", named.get("AWS_ENDPOINT", "")).startswith("http://")
    client = {"client_options": {"allow_http": True}} if plain else {}
    return {**client, "config": {name.lower(): value for name, value in access.items()}} if access else client
