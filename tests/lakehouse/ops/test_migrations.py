"""Migrations on a real database with rows in it: what was recorded before keeps its meaning in the new shape."""

from __future__ import annotations

from datetime import date

import pytest
from alembic import command
from sqlalchemy import text

from lakehouse import ops
from lakehouse.config import Instance
from lakehouse.ops import cases, tickets
from lakehouse.ops.database import migration_config

pytestmark = pytest.mark.spark

FIRST = date(2026, 6, 1)
BEFORE = """
insert into huiliu.batch
  (batch_id, resource, provider, business_date, content_sha256, delivery_no, taken_on, source_object, bytes, received)
values ('b1', 't_thing', 'p', '2026-06-01', 'sha', 1, '2026-06-01', 'f.csv', 1, 3);
insert into huiliu.quarantine_case (case_id, batch_id, source_line, resource, provider, business_date, rules, state, opened_on, closed_on)
values ('c1', 'b1', 2, 't_thing', 'p', '2026-06-01', '{a.required}', 'open', '2026-06-01', null),
       ('c2', 'b1', 3, 't_thing', 'p', '2026-06-01', '{reject.too_few_fields}', 'waived', '2026-06-01', '2026-06-02');
insert into huiliu.ticket (kind, subject, state, resource, provider, business_date, message, detail, closed_on)
values ('blocked', 't_thing|p|2026-06-01', 'open', 't_thing', 'p', '2026-06-01', 'held', '{"batch_id": "b1"}', null),
       ('refused', 't_thing|list.csv', 'open', 't_thing', null, '2026-06-01', 'name', '{"source": "list.csv"}', null),
       ('contract', 't_thing||2026-06-01', 'open', 't_thing', null, '2026-06-01', 'wrong', '{}', null),
       ('contract', 't_thing||2026-06-02', 'open', 't_thing', null, '2026-06-02', 'wrong', '{}', null);
insert into huiliu.ticket_event (ticket_id, seq, event, business_date, actor, detail)
select ticket_id, 1, 'opened', business_date, null, '{"reason": "because"}' from huiliu.ticket
"""


def test_cases_and_tickets_of_the_former_shape_keep_their_meaning(instance: Instance) -> None:
    with ops.connect(instance) as connection:
        connection.execute(text("drop schema huiliu cascade"))
        command.upgrade(migration_config(connection), "0004")
        for statement in BEFORE.split(";\n"):
            connection.execute(text(statement))
        command.upgrade(migration_config(connection), "head")
        connection.execute(text("delete from huiliu.batch"))
        moved = cases.find(connection, cases.Filter("t_thing"))
        subjects = {case_id: subject for case_id, subject in connection.execute(text("select case_id, subject from huiliu.case"))}
        assert subjects == {"c1": "t_thing|p|b1|2", "c2": "t_thing|p|b1|3"}
        assert [(one.case_id, one.kind, one.standing) for one in moved] == [
            ("c1", "quarantined", "open"),
            ("c2", "rejected", "closed(waived)"),
        ]
        assert [(one.event, one.document) for one in cases.history(connection, "c2")] == [("raised", "b1"), ("closed", None)]
        raised = cases.Raised("t_thing", "p", FIRST, "b1", 2, "key", ["a.required"])
        assert cases.raise_rows(connection, [raised], FIRST) == 0
        found = tickets.find(connection)
        assert [(one.kind, one.subject, one.state) for one in found] == [
            ("blocked", "t_thing|b1", "open"),
            ("unusable", "t_thing|list.csv", "open"),
            ("contract", "t_thing", "open"),
            ("contract", "t_thing", "closed"),
        ]
        first, merged = (tickets.history(connection, one.ticket_id) for one in (found[0], found[3]))
    assert [(one.actor, one.channel, one.reason, one.detail) for one in first] == [("system", "job", "because", {})]
    assert [(one.event, one.reason) for one in merged] == [("opened", "because"), ("closed", "one_ticket_per_contract")]
