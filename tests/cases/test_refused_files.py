"""In the lake: deliveries of two layouts lie side by side in silver, and every refused or blocked file is told with its own reason."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner

from application import report
from application.ingest import Handed, Taken, take
from huiliu.main import app
from lakehouse.config import PROJECT, Instance
from lakehouse.contracts.loader import load_contract_of
from lakehouse.declarations.codes import load_code_tables
from lakehouse.errors import SourceError
from lakehouse.ops import connect, days, ingest_runs, tickets
from spark_jobs.lake.session import open_session
from spark_jobs.transforms import absence
from spark_jobs.transforms.rules.scope import RuleScope
from tests.cases import lake
from tests.lakehouse.contracts.guess.test_nature import resident
from tests.plugin.servers import at, changed, fresh_home

pytestmark = pytest.mark.spark
LIST, STREET, EVENTS = "s_elderly_service_list", "449901002", "g_grid_event"
OLD, NEW = date(2026, 6, 2), date(2026, 6, 3)
NAMES = ("姓名", "身份证号", "年龄", "服务类型", "补贴标准", "发放月份", "开户银行账号", "联系电话", "社区", "备注")
LAYOUTS = """  - property: layouts
    value:
      - {name: before, validTo: 2026-06-03, names: {phone: 手机}, absent: [remark], encoding: utf-8, delimiter: ;}
      - {name: since June 3, validFrom: 2026-06-03}
schema:
"""
# What is wrong with the header of each of nine files, and what its ticket says of it.
FAULTS = {
    1: (NAMES[:-1], "缺少 / missing: 备注."),
    2: (NAMES[1:], "缺少 / missing: 姓名."),
    3: ((*NAMES, "电子邮箱"), "未声明 / not declared: 电子邮箱 (column 11)."),
    4: ((*NAMES, "姓名"), "重复 / more than once: 姓名."),
    5: ((*NAMES[:7], "手机号码", *NAMES[8:]), "手机号码 (column 8, meant for 联系电话?)."),
    6: ((*NAMES[:-1], "备 注"), "备 注 (column 10, meant for 备注?)."),
    7: (
        ("王某", "449901198001011234", "40", "1", "100", "2026-05", "62", "13800138000", "东社区", "无"),
        "not declared: column 1, column 2,",
    ),
    8: ((*NAMES[:7], "手机", *NAMES[8:9]), "missing: 联系电话, 备注;"),
    9: ((), "the header line cannot be read"),
}


def row(number: int, *, old: bool) -> list[str]:
    texts = ["王某", resident(number), "46", "津贴", "100.00", "2026-05", "6222", "13800138000", "东社区"]
    return texts if old else [*texts, "备注一"]


def put(instance: Instance, path: str, content: bytes) -> Path:
    target = instance.folder("inbox") / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(content)
    return target


def service_type(instance: Instance) -> str:
    """Return a code of the table of services."""
    return (instance.settings.contracts / "codes" / "elderly_service_type.csv").read_text("utf-8").splitlines()[1].split(",")[0]


@pytest.fixture(scope="module")
def street(servers: Instance, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Instance]:
    """Return a home that took in a delivery of each layout, nine files with wrong headers, and events with a field nobody declared."""
    folder = tmp_path_factory.mktemp("layouts")
    contracts = Path(shutil.copytree(PROJECT / "contracts", folder / "contracts"))
    path = contracts / "resources" / "street" / f"{LIST}.odcs.yaml"
    path.write_text(path.read_text("utf-8").replace("schema:\n", LAYOUTS, 1), "utf-8")
    with fresh_home(servers, folder / "home") as home, at(instance := changed(home, contracts=contracts)):
        code = service_type(instance)
        for day, names, end, encoding in ((OLD, (*NAMES[:7], "手机", *NAMES[8:9]), ";", "utf-8"), (NEW, NAMES, ",", "gb18030")):
            rows = [names, *([code if text == "津贴" else text for text in row(number, old=day == OLD)] for number in range(3))]
            put(instance, f"{LIST}/{STREET}/{day}_1.csv", "".join(end.join(one) + "\n" for one in rows).encode(encoding))
        for number, (names, _) in FAULTS.items():
            content = "".join(",".join(one) + "\n" for one in (names, [f"王{number}"] * len(names)) if names)
            put(instance, f"{LIST}/449901001/{NEW}_{number}.csv", content.encode("gb18030"))
        lake.bring_in(instance, LIST, NEW)
        event = {"event_no": "E1", "grid_code": "449901001001001", "event_class": "x", "status": "x", "报案人": "王某"}
        lines = "".join(json.dumps(event | {"event_no": f"E{number}"}, ensure_ascii=False) + "\n" for number in range(25))
        put(instance, f"{EVENTS}/{NEW}_1.jsonl", lines.encode())
        lake.bring_in(instance, EVENTS, NEW)
        yield instance


def opened(instance: Instance, kind: str) -> dict[str, tickets.Ticket]:
    """Return the open tickets of a kind by the name of their file."""
    with connect(instance) as connection:
        return {Path(one.detail["source_object"]).name: one for one in tickets.find(connection, kind=kind, only_open=True)}


def test_rows_of_two_layouts_lie_in_one_table(street: Instance) -> None:
    fates = lake.fates(street, LIST)
    told = {place: (one.became, one.kept.get("phone"), one.kept.get("remark")) for place, one in fates.items()}
    assert told == {
        **{(OLD, line): ("in silver", "13800138000", None) for line in (2, 3, 4)},
        **{(NEW, line): ("in silver", "13800138000", "备注一") for line in (2, 3, 4)},
    }


def test_nine_refused_files_are_nine_tickets_each_with_its_reason(street: Instance) -> None:
    found = opened(street, "refused")
    assert sorted(found) == [f"{NEW}_{number}.csv" for number in FAULTS]
    for number, (_, reason) in FAULTS.items():
        ticket = found[f"{NEW}_{number}.csv"]
        assert reason in ticket.message
        assert f"449901001/{NEW}_{number}.csv" in ticket.reason
        assert f"王{number}" not in ticket.message + json.dumps(ticket.detail, ensure_ascii=False)
    assert "Fix: 请按声明的列名重新报送" in found[f"{NEW}_3.csv"].message
    assert f"huiliu contracts diff {LIST} --header FILE" in found[f"{NEW}_3.csv"].message
    listed = json.loads(CliRunner().invoke(app, ["tickets", "list", "--kind", "refused", "--json"]).stdout)["tickets"]
    assert len({one["message"] for one in listed}) == len(FAULTS)


def test_the_report_tells_every_reason(street: Instance) -> None:
    with connect(street) as connection:
        days.close(connection, NEW, 1, [])
    told = report.collect(street, NEW).stopped
    assert {(one["kind"], Path(one["source"]).name) for one in told} == {
        *(("refused", f"{NEW}_{number}.csv") for number in FAULTS),
        ("blocked", f"{NEW}_1.jsonl"),
    }
    assert len({one["reason"] for one in told}) == len(FAULTS) + 1
    shown = CliRunner().invoke(app, ["report", str(NEW)]).stdout
    assert shown.count("Refused: ") == len(FAULTS)


def test_a_blocked_file_names_the_field_nobody_declared(street: Instance) -> None:
    [ticket] = opened(street, "blocked").values()
    assert "columns nobody declared (lines): 报案人 (25)" in ticket.message
    assert "王某" not in ticket.message
    with connect(street) as connection:
        run = ingest_runs.get(connection, EVENTS, NEW)
    assert run is not None
    assert list(run.detail.remarks) == [ticket.detail["batch_id"]]


def test_a_refused_file_handed_over_again_is_refused_again_in_the_answer(street: Instance, tmp_path: Path) -> None:
    names, reason = FAULTS[1]
    file = tmp_path / "again.csv"
    file.write_bytes((",".join(names) + "\n" + ",".join(["王1"] * len(names)) + "\n").encode("gb18030"))
    provider = opened(street, "refused")[f"{NEW}_1.csv"].provider
    found: Taken = take(street, Handed(LIST, (str(file),), NEW, provider or ""))
    # after eight other files it is a delivery of its own; handed over once more, it repeats the last one
    assert (len(found.batches), found.known, found.is_let_in) == (1, (), False)
    assert [reason in one.message for one in found.stopped] == [True]
    asked = CliRunner().invoke(app, ["ingest", LIST, str(file), "--date", str(NEW), "--provider", provider or ""])
    assert isinstance(asked.exception, SourceError)
    assert reason in str(asked.exception)


def test_an_unreadable_line_is_searched_for_keys_in_the_encoding_of_its_layout(street: Instance) -> None:
    spark, of = open_session(street), load_contract_of(street.settings.contracts, LIST)
    rows = [(OLD, "张三，ａ".encode()), (NEW, "张三，ａ".encode("gb18030"))]
    facts = ("'b' _batch_id", "string(null) _key", "'too_few_fields' _reject", "array('x') _verdict")
    keys = [f"'x' `{column.name}`" for column in of.key_columns]
    left = spark.createDataFrame(rows, "_business_date date, _raw binary").selectExpr("*", *facts, *keys)
    found = absence.unreadable(left, of, RuleScope(spark, load_code_tables(street.settings.contracts), (), "Asia/Shanghai"))  # type: ignore[arg-type]
    assert [one._text for one in found.collect()] == ["张三,A", "张三,A"]
