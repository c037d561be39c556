"""Render pages as text from Jinja templates, with styles and script inlined and values escaped."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from lakehouse.pages.terms import TERMS

Pair = tuple[str, str]  # Chinese, English
SHARED = Path(__file__).parent / "templates"


def render(templates: Path, template: str, context: Mapping[str, object]) -> str:
    """Render a page of a folder of templates, which may use the shared ones; the same template and context give the same text."""
    return _environment(templates).get_template(template).render(context)


def put(path: Path, text: str) -> Path:
    """Write a text to a file and return its path; a reader sees the old text or the new one, never a part."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.draft")
    draft.write_text(text, "utf-8")
    draft.replace(path)
    return path


def both(pair: Pair) -> Markup:
    """Return a text in both languages; the page shows the one that is switched on."""
    return Markup('<span class="zh" lang="zh">{}</span><span class="en" lang="en">{}</span>').format(*pair)


def number(value: float | None) -> str:
    """Format a number for people, with thousands separators; None gives an empty text."""
    if value is None:
        return ""
    return f"{value:,}" if isinstance(value, int) else f"{value:,.1f}"


def percent(share: float) -> str:
    """Format a share as a percentage; only a share of exactly 1 is shown as 100 %."""
    if share in (0, 1):
        return f"{share:.0%}"
    return f"{min(max(share, 0.0001), 0.9999):.2%}"


@cache
def _environment(templates: Path) -> Environment:
    environment = Environment(
        loader=FileSystemLoader([templates, SHARED]), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.globals["t"] = lambda zh, en: both((zh, en))
    environment.globals["terms"] = TERMS
    environment.globals["inline"] = lambda name: Markup((SHARED / name).read_text("utf-8"))  # noqa: S704 a file of this package
    environment.filters |= {"both": both, "number": number, "percent": percent}
    return environment
