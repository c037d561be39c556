"""A message about alerts, and how it reads: as a text, as Markdown of a robot, as JSON. It names things and counts, never a value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal

from lakehouse.alerts.kinds import KINDS, SEVERITY_WORDS
from lakehouse.ops.alerts import SEVERITIES, Alert, Severity

News = Literal["new", "open", "closed"]
NEWS_WORDS: dict[News, tuple[str, str]] = {"new": ("新", "new"), "open": ("仍未解决", "still open"), "closed": ("已解除", "closed")}
DETAIL_WORDS = {
    "ticket": "工单 / ticket",
    "rules": "规则 / rules",
    "days": "天数 / days",
    "task": "任务 / task",
    "invariant": "不变量 / invariant",
    "least_gib": "至少 / at least GiB",
    "rows": "行数 / rows",
    "files": "文件数 / files",
    "beyond": "窗口之后行数 / rows beyond the window",
    "behind": "窗口之前行数 / rows behind the window",
    "open": "在册 / open keys",
    "closing": "拟注销 / keys to close",
}
SPEC = "huiliu.alerts/1"


@dataclass(frozen=True)
class Item:
    """One alert as a message tells it: the alert, whether it is new, and the name of its resource."""

    alert: Alert
    news: News
    resource_zh: str = ""
    resource_en: str = ""


@dataclass(frozen=True)
class Letter:
    """One message: what one owner's people are told over one route.

    Attributes:
        city: code, Chinese and English name of the city.
        route: the route it takes.
        owner: credit code of the department, or `platform`.
        owner_name: the department's name; empty of the platform.
        written_at: when, in the city's time zone.
        items: the alerts, the worst first.
        is_trial: whether it only tries the route.
    """

    city: tuple[str, str, str]
    route: str
    owner: str
    owner_name: str
    written_at: datetime
    items: tuple[Item, ...]
    is_trial: bool = False

    @property
    def worst(self) -> Severity | None:
        """Return the worst severity of what is not closed; None where all is."""
        left = {item.alert.severity for item in self.items if item.news != "closed"}
        return next((one for one in SEVERITIES if one in left), None)


def title(letter: Letter) -> str:
    """Return the subject of a message."""
    _, zh, en = letter.city
    if letter.is_trial:
        return f"[回流 {zh}] 告警通道测试 / {en}: a trial of the alerts"
    left = sum(item.news != "closed" for item in letter.items)
    if not left:
        return f"[回流 {zh}] {len(letter.items)} 项告警已解除 / {en}: {len(letter.items)} alerts closed"
    severity_zh, severity_en = SEVERITY_WORDS[letter.worst or "warning"]
    return f"[回流 {zh}] {left} 项告警，最高{severity_zh} / {en}: {left} alerts, worst {severity_en}"


def text(letter: Letter) -> str:
    """Return a message as plain text."""
    return "\n".join([*_head(letter), "", *(f"{_bullet(item)}\n" for item in letter.items), *_foot(letter)]).strip() + "\n"


def markdown(letter: Letter, most_bytes: int) -> str:
    """Return a message as the Markdown that robots of groups show, at most so many bytes of UTF-8; what does not fit is counted."""
    bullets = [_bullet(item) for item in letter.items]
    for kept in range(len(bullets), -1, -1):
        left = len(bullets) - kept
        more = [f"另有 {left} 项 / {left} more: huiliu alerts list"] if left else []
        found = "\n\n".join([f"**{title(letter)}**", *_head(letter), *bullets[:kept], *more, *_foot(letter)])
        if len(found.encode()) <= most_bytes:
            return found
    return title(letter)


def facts(letter: Letter) -> dict[str, Any]:
    """Return a message as values JSON can hold: the whole content, for programs."""
    code, zh, en = letter.city
    return {
        "spec": SPEC,
        "trial": letter.is_trial,
        "city": {"code": code, "name_zh": zh, "name_en": en},
        "route": letter.route,
        "owner": {"id": letter.owner, "name": letter.owner_name},
        "worst": letter.worst,
        "written_at": letter.written_at.isoformat(),
        "alerts": [_of_item(item) for item in letter.items],
    }


def ordered(items: Sequence[Item]) -> tuple[Item, ...]:
    """Return items in the order of a message: what is not closed first, the worst first, the oldest first."""
    return tuple(sorted(items, key=_rank))


def _rank(item: Item) -> tuple[bool, int, datetime, int]:
    return item.news == "closed", SEVERITIES.index(item.alert.severity), item.alert.first_seen_at, item.alert.alert_id


def _head(letter: Letter) -> list[str]:
    if letter.is_trial:
        return ["这是一条测试消息，无需处理。 / This message only tries the channel; there is nothing to do."]
    return [f"致 / to: {letter.owner_name or '平台运维 / the platform operators'}"]


def _bullet(item: Item) -> str:
    """Return an alert in two lines: what it is, in both languages, and where, since when and how much."""
    alert, kind = item.alert, KINDS[item.alert.kind]
    severity, news = SEVERITY_WORDS[alert.severity], NEWS_WORDS[item.news]
    what = f"{news[0]} · {severity[0]} · {kind.zh} / {news[1]}, {severity[1]}: {kind.en}"
    where = " ".join(filter(None, (alert.resource, item.resource_zh, item.resource_en)))
    date = alert.business_date.isoformat() if alert.business_date else ""
    number = f"#{alert.alert_id}" if alert.alert_id else ""
    return f"{what}\n" + " · ".join(filter(None, (number, where, date, *_details(alert.detail))))


def _details(detail: Mapping[str, Any]) -> Iterator[str]:
    for name, value in detail.items():
        shown = ", ".join(f"{key} {count}" for key, count in value.items()) if isinstance(value, Mapping) else value
        yield f"{DETAIL_WORDS.get(name, name)} {shown}"


def _foot(letter: Letter) -> list[str]:
    written = f"{letter.written_at:%Y-%m-%d %H:%M} · {letter.route}"
    if letter.is_trial:
        return [written]
    return ["已阅不再重复 / told no more once seen: huiliu alerts seen NUMBER", written]


def _of_item(item: Item) -> dict[str, Any]:
    alert, kind = item.alert, KINDS[item.alert.kind]
    names = ("alert_id", "kind", "severity", "resource", "detail", "seen_by")
    told = {name: value for name, value in asdict(alert).items() if name in names}
    dates = {name: getattr(alert, name) for name in ("business_date", "first_seen_at", "last_seen_at", "closed_at")}
    return {
        **told,
        **{name: value.isoformat() if value else None for name, value in dates.items()},
        "news": item.news,
        "text_zh": kind.zh,
        "text_en": kind.en,
        "resource_zh": item.resource_zh,
        "resource_en": item.resource_en,
    }
