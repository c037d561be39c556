"""Record and read who did what. Each entry carries the hash of the one before, so a missing or changed entry is detected."""

from __future__ import annotations

import hashlib
import os
import pwd
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from typing import Any

import rfc8785
from sqlalchemy import Connection, insert, select, text

from lakehouse.ops.tables import audit

FIRST = "0" * 64
LOCK = 4_404_002


@dataclass(frozen=True)
class Entry:
    """One entry of the chain; `detail` never holds a value from the data."""

    seq: int
    at: datetime
    actor: str
    action: str
    subject: str
    prev_hash: str
    hash: str
    detail: dict[str, Any] = field(default_factory=dict)


_COLUMNS = tuple(audit.c[one.name] for one in fields(Entry))


def operator() -> str:
    """Return the name of the system's user who runs this process, or the number of a user without name; no variable can change it."""
    return named(os.geteuid())


def named(user: int) -> str:
    """Return the name of a user of the system, or the number of one without name."""
    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:
        return f"user {user}"


def append(connection: Connection, actor: str, action: str, subject: str, detail: dict[str, Any] | None = None) -> Entry:
    """Append an entry to the chain and return it; concurrent writers wait for one another."""
    connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
    last = connection.execute(select(audit.c.seq, audit.c.hash).order_by(audit.c.seq.desc()).limit(1)).one_or_none()
    content: dict[str, Any] = {
        "seq": last.seq + 1 if last else 1,
        "at": datetime.now(UTC),
        "actor": actor,
        "action": action,
        "subject": subject,
        "detail": detail or {},
        "prev_hash": last.hash if last else FIRST,
    }
    entry = Entry(**content, hash=_hash(content))
    connection.execute(insert(audit).values(**content, hash=entry.hash))
    return entry


def entries(connection: Connection) -> list[Entry]:
    """Return the chain from its beginning."""
    return [Entry(**row._mapping) for row in connection.execute(select(*_COLUMNS).order_by(audit.c.seq))]


def first_break(connection: Connection) -> int | None:
    """Return the number of the first entry that is altered or missing; None when the chain is whole."""
    previous, expected = FIRST, 1
    for entry in entries(connection):
        content = {one.name: getattr(entry, one.name) for one in fields(Entry) if one.name != "hash"}
        if entry.seq != expected or entry.prev_hash != previous or entry.hash != _hash(content):
            return expected
        previous, expected = entry.hash, expected + 1
    return None


def _hash(content: dict[str, Any]) -> str:
    return hashlib.sha256(rfc8785.dumps({**content, "at": content["at"].astimezone(UTC).isoformat()})).hexdigest()
