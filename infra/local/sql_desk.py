"""The program that answers `huiliu sql` with a session that is open already: where it listens, and whether it does.

It listens on a socket in the folder `run` of the instance, which nobody but its user may enter.
"""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from infra.local.programs import Program
from lakehouse.config import PROJECT, Instance

MODULE = "application.sql_desk"
SOCKET = "sql.sock"
PATIENCE_SECONDS = 2.0


def programs(_instance: Instance) -> list[Program]:
    """Return the program."""
    return [Program("sql_desk", "sql_desk", (sys.executable, "-m", MODULE), PROJECT, stop_seconds=5)]


def is_healthy(instance: Instance) -> bool:
    """Return whether somebody sits at the desk."""
    try:
        called(instance).close()
    except OSError:
        return False
    return True


def called(instance: Instance) -> socket.socket:
    """Return a connection to the desk.

    Raises:
        OSError: nobody listens there.
    """
    with address(instance) as path:
        caller = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        caller.settimeout(PATIENCE_SECONDS)
        try:
            caller.connect(path)
        except OSError:
            caller.close()
            raise
        caller.settimeout(None)
        return caller


@contextmanager
def address(instance: Instance) -> Iterator[str]:
    """Yield the path of the socket by way of the open folder: the path itself may be longer than a socket's may be (108 bytes)."""
    folder = os.open(instance.home / "run", os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{SOCKET}"
    finally:
        os.close(folder)
