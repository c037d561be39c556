"""The process's Spark session: connected to the instance's Spark application, with all tables of the lake in the catalog."""

from __future__ import annotations

import atexit
import logging
import os
import socket
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from threading import Lock

from pyspark.errors import PySparkException
from pyspark.logger import PySparkLogger
from pyspark.sql import SparkSession
from pyspark.sql.connect.client.retries import DefaultPolicy
from tenacity import RetryError, Retrying, retry_if_exception_type, stop_after_delay, wait_exponential

from lakehouse.config import Instance
from lakehouse.errors import ConfigError, Problem
from spark_jobs.lake import storage
from spark_jobs.lake.workload import settings_for

HOST = "localhost"  # the client sends a token without TLS to this name only
PATIENCE_SECONDS = 90
SETTINGS = {
    "spark.sql.session.timeZone": "UTC",
    # The Connect server turns this on for sessions that bring jars of their own; ours bring none.
    "spark.sql.artifact.isolation.enabled": "false",
    # The sources of our merges are materialised already (see storage), so Delta need not do it again.
    "spark.databricks.delta.merge.materializeSource": "none",
    # Delta would refuse to read an old version even where nothing of it was removed; spark_jobs/lake/upkeep knows which ones are whole.
    "spark.databricks.delta.vacuum.enforceTimeTravelWithinDeletedFileRetentionDuration": "false",
}
# By default the client retries for ten minutes, even to close the session of a server that has stopped.
RETRIES = DefaultPolicy(max_retries=6, initial_backoff=200, max_backoff=2000)
ONCE = DefaultPolicy(max_retries=0)
_sessions: dict[str, tuple[SparkSession, dict[str, str]]] = {}
_lock = Lock()

# The client logs the whole text of a failed query, and a server message may quote values of the data. The exception still names the step.
for _name in ("pyspark.sql.connect.logging", "SQLQueryContextLogger", "DataFrameQueryContextLogger"):
    PySparkLogger.getLogger(_name).setLevel(logging.CRITICAL)

# A process that ends with an open session hangs unless the client releases it.
os.environ.setdefault("SPARK_CONNECT_RELEASE_SESSION_ON_EXIT", "true")


def remote(instance: Instance) -> str:
    """Return the address of the instance's Spark Connect server, as it may be shown."""
    return f"sc://{HOST}:{instance.ports.spark_connect}"


def remote_with_token(instance: Instance) -> str:
    """Return the address with the token that the server asks for; it goes to the client only, never into a log or an argument.

    Raises:
        ConfigError: the instance has no token yet.
    """
    path = instance.key_path("spark.token")
    if not path.is_file():
        problem = Problem("Spark", f"the instance has no token for it yet ({path} is missing).", "", "run `huiliu down`, then `huiliu up`.")
        raise ConfigError(problem.text())
    return f"{remote(instance)}/;token={path.read_text('utf-8').strip()}"


def open_session(instance: Instance, rows: int = 0, tables: Iterable[str] = ()) -> SparkSession:
    """Return the session of this process, with settings that suit the work; it is opened at the first call, and again after a restart.

    Args:
        instance: the instance.
        rows: how many new rows the caller is about to process.
        tables: the tables it reads as a whole.

    Raises:
        ConfigError: Spark does not answer, or serves another lake.
    """
    port = instance.ports.spark_connect
    settings = settings_for(instance, rows, tables)
    again = retry_if_exception_type((PySparkException, OSError))
    with _lock:
        try:
            for attempt in Retrying(retry=again, stop=stop_after_delay(PATIENCE_SECONDS), wait=wait_exponential(0.2, max=3)):
                with attempt:
                    socket.create_connection((HOST, port), timeout=2).close()
                    return _ready(instance, settings)
        except RetryError:
            pass
    found = f"Spark does not answer at {HOST}:{port}."
    raise ConfigError(Problem("Spark", found, "", "run `huiliu up`, and see logs/spark.log if it does not start.").text())


def answers(instance: Instance) -> bool:
    """Return whether something listens where the instance's Spark should, without waiting for it."""
    try:
        socket.create_connection((HOST, instance.ports.spark_connect), timeout=2).close()
    except OSError:
        return False
    return True


@contextmanager
def tagged(session: SparkSession, tag: str) -> Iterator[None]:
    """Let `interrupt` find by this tag what the thread asks of Spark; an empty tag marks nothing."""
    if tag:
        session.addTag(tag)
    try:
        yield
    finally:
        if tag:
            session.removeTag(tag)


def interrupt(instance: Instance, tag: str) -> None:
    """Stop what was asked of Spark under a tag, if the session is still open."""
    session, _ = _sessions.get(remote(instance), (None, {}))
    if session is not None and not session.is_stopped:
        session.interruptTag(tag)


def close_sessions() -> None:
    """End the sessions of this process."""
    while _sessions:
        _end(_sessions.popitem()[1][0])


def _ready(instance: Instance, settings: dict[str, str]) -> SparkSession:
    url = remote(instance)
    session, applied = _sessions.get(url, (None, {}))
    if session is None or session.is_stopped:
        builder = SparkSession.builder.remote(remote_with_token(instance))
        for name, value in {**SETTINGS, **settings}.items():
            builder = builder.config(name, value)
        session = builder.create()
        session.client.set_retry_policies([RETRIES])
        atexit.register(close_sessions)  # registered after the client's own exit handler, so that it runs before that one
        applied = settings
    try:
        for name in settings if applied != settings else ():
            session.conf.set(name, settings[name])
        _sessions[url] = (session, settings)
        storage.attach(session, instance)
    except PySparkException:
        _sessions.pop(url, None)
        _end(session)
        raise
    return session


def _end(session: SparkSession) -> None:
    session.client.set_retry_policies([ONCE])
    session.stop()
