"""Ask a question in SQL: at the desk, whose session is open already, or in this process, which takes seconds to open one.

Both ways run the same code on the same Spark (`application/sql_desk.py`, `application/sql.py`); neither is loaded before it is needed.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from importlib import import_module

from application.sql_question import VERSION, Question, Reply, as_line
from infra.local import sql_desk
from lakehouse.config import Instance
from lakehouse.errors import ConfigError

MOST_AT_DESK = 10_000  # rows; more would make the desk large, and take longer than opening a session
HERE = "application.sql_desk"


def ask(instance: Instance, question: Question) -> Reply:
    """Return the answer to a question.

    Raises:
        ConfigError: the statement is refused, or Spark does not answer.
    """
    if question.limit <= MOST_AT_DESK and (reply := _asked_at_desk(instance, question)) is not None:
        return reply
    reply_here: Reply = import_module(HERE).reply(instance, question)
    return reply_here


def _asked_at_desk(instance: Instance, question: Question) -> Reply | None:
    """Return what the desk answers, None where there is none or where it left before it had answered."""
    try:
        with sql_desk.called(instance) as caller, caller.makefile("rb") as heard:
            caller.sendall(as_line({"version": VERSION, **asdict(question)}))
            head = json.loads(heard.readline() or "{}")
            content = heard.read()
    except OSError:
        return None
    if "error" in head:
        raise ConfigError(head["error"])
    if head.get("version") != VERSION or len(content) != head["size"]:
        return None
    return Reply(content, head["rows"], head["has_more"])
