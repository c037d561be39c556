"""The desk of `huiliu sql` (`python -m application.sql_desk`): it keeps a session open, so that a small question takes no seconds.

Who asks is known from the socket. Whoever leaves before the answer has come stops the query. It keeps no answer.
"""

from __future__ import annotations

import json
import logging
import os
import select
import socket
import socketserver
import struct
import uuid
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any

from application.sql import answer
from application.sql_forms import rendered
from application.sql_question import VERSION, Question, Reply, as_line
from infra.local.sql_desk import address
from lakehouse.config import Instance
from lakehouse.errors import LakehouseError
from lakehouse.ops import audit
from spark_jobs.lake.session import interrupt, open_session

LOG = logging.getLogger("huiliu.sql")
LONGEST_QUESTION = 1 << 20
PEER = struct.Struct("3i")  # process, user and group of who asks
AT_ONCE, AGAIN_SECONDS = 4, 1.0
TRIED = ("select 1 as one", "select count(*) as rows, max(id) as last from range(100) group by id % 3")


def reply(instance: Instance, question: Question, actor: str = "", tag: str = "") -> Reply:
    """Return the answer to a question in its form.

    Raises:
        ConfigError: the statement is refused, Spark does not answer, or the form cannot hold the rows.
    """
    found = answer(instance, question.statement, question.limit, actor, tag)
    return Reply(rendered(found, question.form, question.width), found.table.num_rows, found.has_more)


class Desk(socketserver.ThreadingUnixStreamServer):
    """Answers questions, several at once."""

    daemon_threads = True

    def __init__(self, instance: Instance) -> None:
        self.instance = instance
        self.workers = ThreadPoolExecutor(AT_ONCE)
        with address(instance) as path:
            if os.path.lexists(path):
                os.unlink(path)  # noqa: PTH108 left by a desk that was killed
            super().__init__(path, _Caller)


class _Caller(socketserver.StreamRequestHandler):
    """One who asks one question."""

    server: Desk

    def handle(self) -> None:
        """Answer, unless who asks has left."""
        asked = json.loads(self.rfile.readline(LONGEST_QUESTION) or "{}")
        if asked.pop("version", None) != VERSION:
            return
        _, user, _ = PEER.unpack(self.connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, PEER.size))
        tag = f"sql-{uuid.uuid4().hex}"
        answering = self.server.workers.submit(reply, self.server.instance, Question(**asked), audit.named(user), tag)
        if not self._waits_for(answering):
            while not (answering.cancel() or answering.done()):  # Spark may not have begun, and cannot be stopped before
                interrupt(self.server.instance, tag)
                wait([answering], AGAIN_SECONDS)
            return
        head, content = _message(answering)
        self.wfile.write(as_line({"version": VERSION, **head}))
        self.wfile.write(content)

    def _waits_for(self, answering: Future[Reply]) -> bool:
        """Wait until there is an answer; return whether who asks is still there."""
        ended, end = socket.socketpair()
        with ended, end:
            answering.add_done_callback(lambda _: _nudge(end))
            ready, _, _ = select.select([self.connection, ended], [], [])
            return answering.done() or ended in ready


def _nudge(end: socket.socket) -> None:
    try:
        end.send(b".")
    except OSError:  # nobody waits any more
        return


def _message(answering: Future[Reply]) -> tuple[dict[str, Any], bytes]:
    try:
        found = answering.result()
    except LakehouseError as error:
        return {"error": str(error)}, b""
    except Exception as error:
        LOG.warning("a question failed: %s", type(error).__name__)  # its text may hold values
        return {"error": f"huiliu sql: the desk failed ({type(error).__name__}).\n  Fix: see logs/sql_desk.log; ask again."}, b""
    return {"rows": found.rows, "has_more": found.has_more, "size": len(found.content)}, found.content


def main() -> None:
    """Run the desk of the instance that the environment names."""
    os.umask(0o077)
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(message)s")
    instance = Instance()
    with Desk(instance) as desk:
        if instance.settings.spark_warmup:
            desk.workers.submit(_try_out, instance)
        desk.serve_forever()


def _try_out(instance: Instance) -> None:
    """Open the session and plan something before the first question comes; nothing depends on it."""
    session = open_session(instance)
    for statement in TRIED:
        session.sql(statement).toArrow()


if __name__ == "__main__":
    main()
