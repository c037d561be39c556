"""Write the day report as an HTML page, and the list of all days, from the facts collected by `application.report`."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from application.pages import charts
from application.pages.words import DISPOSITIONS, GAPS, GATE_MARKS, INVARIANTS, LEVELS, SETTLED, STATES, word
from lakehouse.pages.rendering import Pair, put, render
from lakehouse.upkeep.disk import GIB, Free

TEMPLATES = Path(__file__).parent / "templates"
Report = dict[str, Any]  # the facts of `application.report.DayReport`; earlier days are read back from their JSON
# Folders beside the reports below `derived/`; a link is shown only if its target exists.
LINKS: dict[str, Pair] = {
    "../docs/start.html": ("起始页", "Start page"),
    "../docs/dictionary.html": ("数据字典", "Data dictionary"),
    "../gx/uncommitted/data_docs/local_site/index.html": ("质检结果（Great Expectations）", "Data Docs (Great Expectations)"),
    "../docs/lineage.html": ("加工血缘（dbt）", "Lineage and models (dbt)"),
    "index.html": ("全部业务日", "All business days"),
}
RULES_SHOWN = 12
SHOWN, DAYS_SHOWN = 6, 7  # of a long list, and of the days of the gate; the rest is folded
# The least value the sample city must reach, by score.
TARGETS_OF_TRUTH: dict[tuple[str, str], tuple[Pair, float]] = {
    ("gate", "recall"): (("质检查全率（已标注的问题行）", "Gate recall (labelled rows)"), 1.0),
    ("gate", "precision"): (("质检查准率", "Gate precision"), 1.0),
    ("locality", "accuracy"): (("人员属地准确率（社区级）", "Locality of persons, by community"), 0.95),
    ("locality", "grid"): (("人员属地准确率（网格级）", "Locality of persons, by grid"), 0.0),
    ("locality", "entities"): (("法人属地准确率（社区级）", "Locality of entities, by community"), 0.0),
    ("addresses", "accuracy"): (("地址匹配准确率（经营场所，已匹配者）", "Addresses matched rightly (premises)"), 0.95),
    ("addresses", "matched"): (("地址匹配率（定到唯一标准地址）", "Addresses matched at all"), 0.0),
    ("authority", "accuracy"): (("人口字段准确率", "Golden values of persons"), 0.995),
    ("authority", "entities"): (("法人字段准确率", "Golden values of entities"), 0.995),
    ("situations", "recall"): (("底线民生情形发现率", "Safety-net situations found"), 0.95),
}


def write(folder: Path, report: Report) -> Path:
    """Write the page of a day and its facts (JSON) beside it, update the list of all days, and return the path of the page."""
    put(folder / f"{report['date']}.json", json.dumps(report, ensure_ascii=False, indent=1) + "\n")
    page = put(folder / f"{report['date']}.html", render(TEMPLATES, "report.html", view(report, _links(folder))))
    reports = [json.loads(path.read_text("utf-8")) for path in sorted(folder.glob("*.json"), reverse=True)]
    put(folder / "index.html", render(TEMPLATES, "index.html", {"city": report["city_name"], "days": [_row(one) for one in reports]}))
    return page


def is_well(report: Report) -> bool:
    """Return whether the day is published and every invariant was checked and holds."""
    return report["state"] == "published" and bool(report["invariants"]) and all(one["ok"] for one in report["invariants"])


def _verdict(report: Report) -> str:
    """Return what the light of a day shows: bad, gaps (all else is well), or well."""
    return "bad" if not is_well(report) else "gaps" if report["gaps"] else "well"


def view(report: Report, links: dict[str, Pair]) -> dict[str, Any]:
    """Return the variables of the template."""
    names = {one["code"]: (one["name_zh"], one["name_en"]) for one in report["resources"]}
    return {
        "report": report,
        "links": links,
        "shown": SHOWN,
        "days_shown": DAYS_SHOWN,
        "words": {"dispositions": list(DISPOSITIONS.items()), "marks": GATE_MARKS},
        "city": report["city_name"],
        "state": word(STATES, report["state"]),
        "well": is_well(report),
        "verdict": _verdict(report),
        "tiles": _tiles(report),
        "attention": _attention(report, names),
        "flow": charts.flow(report),
        "disposed": charts.dispositions(report),
        "resources": charts.resources(report, names),
        "gate": charts.gate_matrix(report, names),
        "rules": charts.broken_rules(report["rules"][:RULES_SHOWN], names),
        "gaps": [_gap(gap, names, report["providers"]) for gap in report["gaps"]],
        "filled": [_gap(gap, names, report["providers"]) for gap in report.get("filled", [])],
        "stopped": [one | _of_gap(one, names, report["providers"]) for one in report["stopped"]],
        "packages": [one | {"name": LEVELS[one["level"]]} for one in report["packages_by_level"]],
        "pending": charts.pending(report["returns"], report["return_names"]),
        "references": _references(report, names),
        "truth": _truth(report.get("truth", {})),
        "invariants": [one | {"title": word(INVARIANTS, one["id"])} for one in report["invariants"]],
        "timings": charts.timings(report["timings"], names),
        "disk": _disk(report.get("disk")),
    }


def _disk(found: dict[str, Any] | None) -> dict[str, Any] | None:
    """Return the disk in whole GiB, and the areas that hold files; None for the facts of a day that did not tell it yet."""
    if found is None:
        return None
    free = Free(found["free"], found["total"])
    areas = [one for one in found["areas"] if one["files"]]
    counted_at = (found["counted_at"] or "")[:16].replace("T", " ")
    room = {"free": round(free.gib), "total": round(found["total"] / GIB), "runs_short": free.runs_short}
    return {**room, "areas": areas, "counted_at": counted_at}


def _links(folder: Path) -> dict[str, Pair]:
    return {path: name for path, name in LINKS.items() if path == "index.html" or Path(os.path.normpath(folder / path)).is_file()}


def _sum(report: Report, name: str) -> int:
    return sum(batch[name] or 0 for batch in report["batches"])


def _row(report: Report) -> dict[str, Any]:
    held = [one["ok"] for one in report["invariants"]]
    return {
        "date": report["date"],
        "issue": report["issue"],
        "state": word(STATES, report["state"]),
        "verdict": _verdict(report),
        "received": _sum(report, "received"),
        "accepted": _sum(report, "accepted"),
        "gaps": len(report["gaps"]),
        "packages": report["packages"]["packages"],
        "invariants": f"{sum(held)}/{len(held)}",
    }


def _tiles(report: Report) -> list[dict[str, Any]]:
    row = _row(report)
    served = [one for one in report["packages_by_level"] if one["packages"]]
    levels = [one for one in served if one["level"] in LEVELS and one["level"] != "department"]
    return [
        _tile(("今日到货", "Rows received"), row["received"], (f"{len(report['batches'])} 批次", f"{len(report['batches'])} batches")),
        _tile(("入库", "Rows accepted"), row["accepted"], ("经质检、去重后", "after gate and de-duplication")),
        _tile(("待补缺口", "Gaps"), row["gaps"], ("应报未到或未通过", "due and missing, or not let in"), is_good=not report["gaps"]),
        _tile(("回流包", "Packages"), row["packages"], (f"覆盖 {len(levels)} 个层级", f"to {len(levels)} levels")),
        _tile(("回流行数", "Rows returned"), sum(one["rows"] for one in served), ("各层级合计", "all levels together")),
        _tile(("不变量", "Invariants"), row["invariants"], ("成立 / 全部", "hold / all"), is_good=is_well(report)),
    ]


def _tile(name: Pair, value: int | str, note: Pair, *, is_good: bool = True) -> dict[str, Any]:
    return {"name": name, "value": f"{value:,}" if isinstance(value, int) else value, "note": note, "good": is_good}


def _attention(report: Report, names: dict[str, Pair]) -> list[Pair]:
    """Return the problems that need attention, the worst first."""
    found: list[Pair] = []
    if report["state"] != "published":
        found.append(("本日尚未发布，各接收方仍以上一发布日为准。", "The day is not published; recipients act on the day before."))
    for one in report["invariants"]:
        if not one["ok"]:
            found.append((f"不变量 {one['id']} 不成立：{one['detail']}", f"Invariant {one['id']} fails: {one['detail']}"))
    if not report["invariants"]:
        found.append(("不变量尚未检查。", "Invariants are not checked yet."))
    for one in report["left_out"]:
        return_id, reason = one["return_id"], one["reason"]
        zh = f"回流“{report['return_names'].get(return_id, return_id)}”本日未能生成，接收方沿用上期：{reason}"
        found.append((zh, f"Return {return_id} was left out: {reason}"))
    counted: dict[tuple[str, str], int] = {}
    for gap in report["gaps"]:
        key = (gap["resource"], gap["kind"])
        counted[key] = counted.get(key, 0) + 1
    for (resource, kind), count in sorted(counted.items()):
        (zh, en), (kind_zh, kind_en) = word(names, resource), word(GAPS, kind)
        found.append((f"{zh}：{kind_zh}（{count} 个报送单位）", f"{en}: {kind_en} ({count} providers)"))
    waiting = sum(batch["gate"] is None for batch in report["batches"])
    if waiting:
        found.append((f"{waiting} 个批次尚未判定。", f"{waiting} batches are not judged yet."))
    return found


def _gap(gap: dict[str, Any], names: dict[str, Pair], providers: dict[str, str]) -> dict[str, Any]:
    """Return a gap as people read it: what is missing, since when, its ticket, when it was filled or settled, and by what."""
    settled = word(SETTLED, gap["settled_by"]) if gap.get("settled_by") else None
    at = gap["filled_at"][:16].replace("T", " ") if "filled_at" in gap else None
    told = {"due_on": gap["due_on"], "source": gap.get("source", ""), "ticket": gap.get("ticket"), "at": at}
    return {**_of_gap(gap, names, providers), **told, "settled": settled, "settled_on": gap.get("settled_on")}


def _of_gap(gap: dict[str, Any], names: dict[str, Pair], providers: dict[str, str]) -> dict[str, Any]:
    """Return the resource, the provider and the kind of what is missing or was stopped, as people read them."""
    provider = providers.get(gap["provider"] or "", gap["provider"] or "")
    return {"resource": word(names, gap["resource"]), "provider": provider, "kind": word(GAPS, gap["kind"])}


def _references(report: Report, names: dict[str, Pair]) -> list[dict[str, Any]]:
    """Return the columns that name what no library has, most rows first, each with the providers of the rows."""
    targets = {name: (one["zh"], one["en"]) for name, one in report["entity_names"].items()}
    found: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
    for one in report["missing_references"]:
        provider = {"name": report["providers"].get(one["provider"], one["provider"]), "rows": one["rows"]}
        found.setdefault((one["resource"], one["column_name"], one["target"]), []).append(provider)
    rows = {key: sum(one["rows"] for one in providers) for key, providers in found.items()}
    return [
        {
            "name": word(names, resource),
            "column": column,
            "target": word(targets, target),
            "rows": rows[resource, column, target],
            "width": 100 * rows[resource, column, target] / max(rows.values()),
            "providers": providers,
        }
        for (resource, column, target), providers in sorted(found.items(), key=lambda one: -rows[one[0]])
    ]


def _truth(truth: dict[str, dict[str, float]]) -> list[dict[str, Any]]:
    return [
        {"name": name, "value": truth[group][score], "target": target, "met": truth[group][score] >= target}
        for (group, score), (name, target) in TARGETS_OF_TRUTH.items()
        if score in truth.get(group, {})
    ]
