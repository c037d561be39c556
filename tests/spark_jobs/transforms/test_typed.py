"""The transform to silver's rows on a real engine: typed values, flags, keys, positions, person ids."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import io
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from pyspark.sql import DataFrame, Row, SparkSession

from lakehouse.config import Instance
from spark_jobs.lake.session import close_sessions, open_session
from spark_jobs.transforms.identity import with_person_ids
from spark_jobs.transforms.rules.scope import RuleScope
from spark_jobs.transforms.silver_rows import typed_rows
from spark_jobs.transforms.verdicts import add_verdicts
from tests.spark_jobs.transforms.rules import every_kind

pytestmark = pytest.mark.spark
CONTRACT = every_kind.contract()
NUMBER = "449901197002281236"
SCHEMA = ", ".join(
    [*(f"`{name}` string" for name in every_kind.COLUMNS), "_business_date date", "_batch_id string", "_provider string", "_reject string"]
)


@pytest.fixture(scope="module")
def spark(module_instance: Instance) -> Iterator[SparkSession]:
    yield open_session(module_instance)
    close_sessions()


def _scope(spark: SparkSession) -> RuleScope:
    return RuleScope(spark, every_kind.CODES, every_kind.REGIONS, every_kind.TIMEZONE)


def _rows(spark: SparkSession, *texts: dict[str, str]) -> DataFrame:
    rows = [(*(text.get(name) for name in every_kind.COLUMNS), date(2026, 6, 1), "b", None, None) for text in texts]
    return spark.createDataFrame(rows, SCHEMA)


def _typed(spark: SparkSession, text: dict[str, str]) -> dict[str, Any]:
    judged = add_verdicts(_rows(spark, text), CONTRACT, _scope(spark))
    found: Row = typed_rows(judged, CONTRACT, _scope(spark)).collect()[0]
    return found.asDict()


def test_values_are_typed_local_time_is_utc_and_what_does_not_fit_is_null(spark: SparkSession) -> None:
    found = _typed(
        spark,
        {
            "id_no": "\u3000449901700228123 ",
            "serial": "１ ",
            "birth_date": "1970-02-28",
            "age_reported": "５６",
            "amount_yuan": "12.50",
            "weight": "1.25",
            "seen_at": "2026-06-01 07:30:00",
            "is_home": "true",
            "region_code": "449901001002",
            "pay_month": "",
            "season": "autumn",
            "reason": "\u00a0\n",
            "term_to": "9999-12-31",
        },
    )
    assert found["seen_at"].astimezone(UTC) == datetime(2026, 5, 31, 23, 30, tzinfo=UTC)
    assert found["_position"] == "2026-05-31T23:30:00.000000Z"
    assert (found["birth_date"], found["age_reported"], found["amount_yuan"]) == (date(1970, 2, 28), 56, Decimal("12.50"))
    assert (found["weight"], found["is_home"], found["serial"]) == (1.25, True, "１")
    assert (found["id_no"][:17], found["region_code"]) == ("44990119700228123", "449901001001")
    assert (found["pay_month"], found["reason"], found["term_to"]) == (None, None, None)
    repairs = {"id_no.resident_id_15", "id_no.resident_id_18", "region_code.place_current", "region_code.region_successor"}
    assert set(found["_flags"]) == {*repairs, "age_reported.half_width", "term_to.open_ended", "remark.required"}
    assert found["_flags"] == sorted(found["_flags"])
    key = hashlib.sha256(f'["{found["id_no"]}","１"]'.encode()).hexdigest()
    assert found["_key"] == key

    wrong = {"birth_date": "1970-02-30", "age_reported": "7e1", "amount_yuan": "1.005", "weight": "NaN", "seen_at": "2026-06-01T07:30:00"}
    assert {_typed(spark, wrong)[name] for name in wrong} == {None}


def test_what_stands_for_nothing_is_flagged_and_gone(spark: SparkSession) -> None:
    sent = {
        "holder_name": "\u200b\ue81e\u2003文\ue5e5", "remark": "在\u200b家\ufffd", "reason": "ＮＵＬＬ",
        "season": "\u00a0winter", "counted": "nan",
        "limit_yuan": "99.50005", "years": "无", "region_code": "#N/A", "pay_month": "\u3164", "checker_id": "\ue000",
    }  # fmt: skip
    found = _typed(spark, sent)
    assert {name: found[name] for name in sent} == {
        "holder_name": "龴 文", "remark": "在家\ufffd", "reason": None, "season": " winter", "counted": None,
        "limit_yuan": Decimal("99.5001"), "years": None, "region_code": None, "pay_month": None, "checker_id": "\ue000",
    }  # fmt: skip
    changed = {
        "holder_name": "private_use invisible",
        "remark": "invisible",
        "reason": "nothing",
        "season": "invisible",
        "years": "nothing",
    }
    changed |= {"limit_yuan": "round", "region_code": "nothing"}
    flags = {f"{name}.{cleaning}" for name, cleanings in changed.items() for cleaning in cleanings.split()}
    assert set(found["_flags"]) == flags | {"remark.legible", "season.pattern"}
    edge = {"seen_at": "9999-12-31 23:59:59", "birth_date": "0001-01-01", "closed_at": "0001-01-01 00:00:00"}
    assert [_typed(spark, edge)[name] for name in ("seen_at", "birth_date", "closed_at")] == [
        datetime(9999, 12, 31, 15, 59, 59), date(1, 1, 1), None,  # noqa: DTZ001
    ]  # fmt: skip


def test_a_row_without_key_or_position_says_so(spark: SparkSession) -> None:
    rows = _rows(spark, {"id_no": NUMBER, "seen_at": "2026-06-01 00:00:00"}, {"id_no": NUMBER, "serial": "1"})
    found = add_verdicts(rows, CONTRACT, _scope(spark)).orderBy("serial").collect()
    assert [(row._key is None, row._position is None) for row in found] == [(True, False), (False, True)]
    assert [["_key.unreadable" in row._verdict, "_position.unreadable" in row._verdict] for row in found] == [[True, False], [False, True]]


def test_person_ids_are_pseudonyms_and_the_key_is_in_no_plan(spark: SparkSession, module_instance: Instance) -> None:
    path = module_instance.key_path("hmac.key")
    secret = path.read_text("ascii").strip()
    known = with_person_ids(_rows(spark, {"id_no": NUMBER}, {}), CONTRACT, path)
    shown = io.StringIO()
    with contextlib.redirect_stdout(shown):
        known.explain("extended")
    assert secret not in shown.getvalue()
    expected = hmac.new(bytes.fromhex(secret), f"resident_id|{NUMBER}".encode(), "sha256").hexdigest()
    assert [row.person_id for row in known.collect()] == [expected, None]
