"""Bytes as they came: text in a foreign encoding is named, stray quotes and long texts cost no other row, a file never its siblings."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import psycopg
import pytest

from lakehouse.config import Instance
from lakehouse.connections import connection_url
from lakehouse.contracts.loader import load_contract_of
from lakehouse.ops import batches, connect, tickets
from tests.cases import lake

pytestmark = pytest.mark.spark
LIST, ADDRESS, REGISTER = "s_elderly_service_list", "c_standard_address", "c_enterprise_registration"
STREET = "449901002"
FOREIGN, STRAY, UTF16 = date(2026, 6, 2), date(2026, 6, 3), date(2026, 6, 4)
JOINED = date(2026, 6, 29)
MISREAD = "林晓青禾有限公司".encode().decode("gb18030")  # how a system that takes UTF-8 for GB18030 hands it on
VARIANTS = """
insert into enterprise_registration
select (jsonb_populate_record(known, jsonb_build_object('uscc', uscc_of, 'entity_name', name, 'business_scope', scope))).*
from enterprise_registration known, (values {values}) more (uscc_of, name, scope) where known.uscc = '91449901MA7X944213'
"""
Rows = Mapping[tuple[date, int], lake.Fate]


def told(rows: Rows, day: date) -> dict[int, tuple[str, frozenset[str]]]:
    return {line: (row.became, row.rules) for (about, line), row in sorted(rows.items()) if about == day}


@pytest.fixture(scope="module")
def people(module_instance: Instance) -> Rows:
    for case, day in (("c01-csv-utf8-cell-in-gb18030-file", FOREIGN), ("c02-csv-two-stray-quotes", STRAY)):
        lake.drop(module_instance, case, f"{LIST}.csv", f"{LIST}/{STREET}/{day}_1.csv")
    lists = module_instance.folder("inbox") / LIST / STREET
    text = (lists / f"{FOREIGN}_1.csv").read_bytes().decode("gb18030", "replace")
    (lists / f"{UTF16}_1.csv").write_bytes(text.encode("utf-16-le"))
    lake.bring_in(module_instance, LIST, UTF16)
    return lake.fates(module_instance, LIST)


def test_text_in_a_foreign_encoding_is_rejected_by_its_name(people: Rows) -> None:
    fine, foreign = ("in silver", frozenset()), ("rejected", {"reject.foreign_utf8"})
    assert told(people, FOREIGN) == {2: fine, 3: foreign, 4: foreign, 5: fine}


def test_stray_quotes_hide_no_row(people: Rows, module_instance: Instance) -> None:
    fine = ("in silver", frozenset())
    assert told(people, STRAY) == {2: fine, 3: ("rejected", {"reject.bad_quoting"}), 4: fine, 5: fine, 6: fine, 7: fine}
    assert people[STRAY, 6].kept["remark"] == '老人说好"'
    with connect(module_instance) as connection:
        received = {batch.business_date: batch.received for batch in batches.of_resource(connection, LIST)}
    assert received[STRAY] == 6


def test_a_file_without_a_mark_is_refused_by_name_and_stops_nobody(people: Rows, module_instance: Instance) -> None:
    assert {day for day, _ in people} == {FOREIGN, STRAY}
    with connect(module_instance) as connection:
        (ticket,) = tickets.find(connection, kind="refused", resource=LIST, only_open=True)
    assert f"{UTF16}_1.csv:\n  the bytes are written in UTF-16." in ticket.message


def test_files_joined_in_the_middle_are_told_by_row(module_instance: Instance) -> None:
    lake.drop(module_instance, "c10-csv-bom-and-header-in-the-middle", f"{JOINED}.csv", f"{ADDRESS}/{JOINED}_1.csv")
    lake.bring_in(module_instance, ADDRESS, JOINED)
    found = lake.fates(module_instance, ADDRESS)
    rows, unlike = told(found, JOINED), ("quarantined", {"address_id.pattern"})
    assert rows.keys() == set(range(2, 12))
    assert rows[5][0] == "quarantined"
    assert "address_id.pattern" in rows[5][1]
    assert rows[9] == unlike or found[JOINED, 9].kept["address_id"] == "44990100100100100000000000107"
    assert all(row == ("in silver", frozenset()) for line, row in rows.items() if line not in (5, 9))


@pytest.fixture(scope="module")
def firms(module_instance: Instance) -> dict[str, lake.Fate]:
    """Return the fates of the register's rows by the name that was sent, or by the reject code."""
    register = load_contract_of(module_instance.settings.contracts, REGISTER)
    url = connection_url(module_instance, "source_city").set(drivername="postgresql").render_as_string(hide_password=False)
    columns = ", ".join(f"{one.source_name} {'timestamp(0)' if one.source_name == 'update_time' else 'text'}" for one in register.columns)
    long = "试验，\n" * 9000
    values = f"('91449901MA7X944299', '{MISREAD}', '软件'), ('91449901MA7X944300', '示范超长有限公司', '{long}')"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"create table enterprise_registration ({columns})")  # type: ignore[call-overload]
        connection.execute((lake.DELIVERIES / "c44-pg-cell-of-120-lines" / "1.sql").read_text("utf-8"))  # type: ignore[call-overload]
        connection.execute(VARIANTS.format(values=values))  # type: ignore[call-overload]
    lake.bring_in(module_instance, REGISTER, FOREIGN)
    rows = lake.fates(module_instance, REGISTER).values()
    return {str(row.sent["entity_name"] or next(iter(row.rules))): row for row in rows}


def test_a_long_text_of_many_lines_keeps_nobody_away(firms: dict[str, lake.Fate]) -> None:
    assert (firms["示范短清单有限公司"].became, firms["示范长清单有限公司"].became) == ("in silver", "in silver")
    assert firms["示范长清单有限公司"].kept["business_scope"].count("\n") == 119
    endless = firms["示范无穷期限有限公司"]
    assert endless.rules == {"term_to.format"} or (endless.became, endless.kept["term_to"]) == ("in silver", None)


def test_a_row_of_a_table_is_rejected_for_its_own_cells_only(firms: dict[str, lake.Fate]) -> None:
    assert firms["reject.foreign_utf8"].became == firms["reject.oversize_cell"].became == "rejected"
    assert len(firms) == 5
