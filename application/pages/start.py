"""Write the start page of an instance: what there is to look at, what each is for, and what is not there yet."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from application.pages import handbook
from application.pages.serving import DATA_DOCS, METRICS, START
from infra.local import airflow
from lakehouse.config import PROJECT, Instance
from lakehouse.pages.rendering import Pair, put, render

TEMPLATES = Path(__file__).parent / "templates"
DAYS = "20??-??-??.html"


class Target(NamedTuple):
    """What the page leads to: its address below `derived/` or on this machine, name, use, and what makes it where it is missing."""

    address: str
    name: Pair
    use: Pair
    made_by: Pair


DOCS = ("由 huiliu docs 生成", "made by huiliu docs")
AFTER_A_DAY = ("第一个业务日结束后生成", "made at the end of the first business day")
RUNNING = ("服务启动后可看：huiliu up", "there once the services run: huiliu up")
DATA = [
    Target(
        "docs/dictionary.html", ("数据字典", "Data dictionary"), ("每一列是什么、多敏感、谁说了算、谁能得到", "what each column is"), DOCS
    ),
    Target("docs/lineage.html", ("加工血缘", "Lineage (dbt)"), ("每张表由哪些表加工而来", "what each table is made of"), DOCS),
    Target("docs/query.html", ("怎样查询", "How to query"), ("huiliu sql、JDBC、DuckDB", "command line, JDBC, DuckDB"), DOCS),
]


def write(instance: Instance) -> Path:
    """Write the page, and the page that says how to query, and return the path of the start page."""
    context = {"city": (instance.city.name, instance.city.name_en), "home": instance.home, "program": PROJECT / ".venv/bin/huiliu"}
    put(instance.folder("derived", "docs") / "query.html", render(TEMPLATES, "query.html", context | {"questions": _questions(instance)}))
    groups = [
        {"name": ("看结果", "Results"), "targets": _shown(instance, _results(instance))},
        {"name": ("查数据", "Data"), "targets": _shown(instance, DATA)},
        {"name": ("看运行", "Operation"), "targets": list(_operation(instance))},
        {"name": handbook.FOLDERS["cookbooks"], "targets": _shown(instance, _handbook("cookbooks"))},
        {"name": handbook.FOLDERS["reference"], "targets": _shown(instance, _handbook("reference"))},
    ]
    written_at = f"{datetime.now(instance.timezone):%Y-%m-%d %H:%M}"
    page = render(TEMPLATES, "start.html", context | {"groups": groups, "written_at": written_at, "zone": instance.timezone.key})
    return put(instance.folder("derived") / START, page)


def _results(instance: Instance) -> list[Target]:
    days = sorted((instance.home / "derived" / "report").glob(DAYS))
    newest = f"report/{days[-1].name}" if days else "report/newest"
    day = f" {days[-1].stem}" if days else ""
    use = ("收到什么、去向、缺口、回流了什么", "what came, what became of it, what flowed back")
    return [
        Target(newest, (f"最新日报{day}", f"Newest day report{day}"), use, AFTER_A_DAY),
        Target(
            "report/index.html", ("全部业务日", "All business days"), ("逐日结论，最近的在前", "day by day, the newest first"), AFTER_A_DAY
        ),
        Target(
            f"{DATA_DOCS}/index.html",
            ("质检结果", "Data Docs"),
            ("每批数据按哪些规则判定、结果如何（Great Expectations）", "what the gate decided on each batch"),
            ("第一批数据质检后生成", "made when the first batch is judged"),
        ),
    ]


def _handbook(folder: str) -> list[Target]:
    return [
        Target(f"docs/handbook/{folder}/{one.name}.html", one.title, ("", ""), DOCS) for one in handbook.chapters() if one.folder == folder
    ]


def _shown(instance: Instance, targets: list[Target]) -> list[dict[str, Any]]:
    """Return the targets with a link, relative to this page, only where the file is there, and when it was written."""
    found = []
    for one in targets:
        file = instance.home / "derived" / one.address
        at = datetime.fromtimestamp(file.stat().st_mtime, instance.timezone) if file.is_file() else None
        found.append({**one._asdict(), "link": f"../{one.address}" if at else None, "at": f"{at:%m-%d %H:%M}" if at else ""})
    return found


def _operation(instance: Instance) -> Iterator[dict[str, Any]]:
    """Yield what runs on this machine beside the pages, once it has been started for the first time."""
    is_started = airflow.is_prepared(instance)
    airflow_use = (
        "每一步的进度、日志、重跑；登录口令见 huiliu up --show-login",
        "progress, logs, running again; password: huiliu up --show-login",
    )
    metrics_use = ("供 Prometheus 读取的数字", "numbers for Prometheus")
    targets = [
        (airflow.base_url(instance) if is_started else "", ("调度（Airflow）", "Scheduler (Airflow)"), airflow_use),
        (f"http://127.0.0.1:{instance.ports.telemetry}{METRICS}" if is_started else "", ("指标", "Metrics"), metrics_use),
    ]
    for address, name, use in targets:
        yield {"address": address, "name": name, "use": use, "made_by": RUNNING, "link": address or None, "at": ""}


def _questions(instance: Instance) -> list[handbook.Chapter]:
    """Return the chapters of questions that are asked by SQL, as far as their pages are written."""
    folder = instance.home / "derived" / "docs" / "handbook" / "cookbooks"
    return [one for one in handbook.chapters() if "question" in one.name and (folder / f"{one.name}.html").is_file()]
