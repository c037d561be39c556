"""Write the cookbooks and the reference of this project as pages, so that they can be read where the other pages are."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from shutil import copyfile
from typing import NamedTuple

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup

from lakehouse.config import PROJECT
from lakehouse.pages.rendering import Pair, put, render

TEMPLATES = Path(__file__).parent / "templates"
PICTURES = "pictures"
FOLDERS: dict[str, Pair] = {"cookbooks": ("操作手册", "Cookbooks"), "reference": ("参考", "Reference")}
BETWEEN_LANGUAGES = re.compile(r"\s*(?=[\u3400-\u9fff])")  # a heading is English, then Chinese


class Chapter(NamedTuple):
    """A page of the handbook: its folder and name, its title, and the Markdown it is made from."""

    folder: str
    name: str
    title: Pair
    text: str


def chapters(docs: Path = PROJECT / "docs") -> list[Chapter]:
    """Return the chapters, folder by folder."""
    found = []
    for folder in FOLDERS:
        for path in sorted((docs / folder).glob("*.md")):
            text = path.read_text("utf-8")
            found.append(Chapter(folder, path.stem, _title(text), text))
    return found


def write(folder: Path) -> list[Path]:
    """Write every chapter below a folder, with its pictures, and return the pages; a link to anything else becomes plain text."""
    found = chapters()
    for picture in sorted((PROJECT / "docs").glob(f"*/{PICTURES}/*.png")):
        copy = folder / picture.relative_to(PROJECT / "docs")
        copy.parent.mkdir(parents=True, exist_ok=True)
        copyfile(picture, copy)
    known = {f"{one.folder}/{one.name}.md" for one in found}
    return [_write(folder, one, known) for one in found]


def _write(folder: Path, chapter: Chapter, known: set[str]) -> Path:
    reader = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = reader.parse(chapter.text)
    for inline in (token for token in tokens if token.type == "inline"):
        inline.children = list(_linked(inline.children or [], chapter.folder, known))
    _anchor(tokens)
    body = reader.renderer.render(tokens, reader.options, {})
    body = body.replace("<table>", '<div class="scroll"><table>').replace("</table>", "</table></div>")
    context = {"title": chapter.title, "part": FOLDERS[chapter.folder], "body": Markup(body)}  # noqa: S704 our own text; HTML in it is escaped
    return put(folder / chapter.folder / f"{chapter.name}.html", render(TEMPLATES, "handbook.html", context))


def _linked(tokens: list[Token], folder: str, known: set[str]) -> Iterator[Token]:
    """Yield the parts of a line; a link leads to the page of a chapter, within the page or to the web, or it is no link."""
    kept = True
    for token in tokens:
        if token.type == "link_open":
            address, mark, anchor = str(token.attrGet("href")).partition("#")
            target = Path("/", folder, address).resolve().relative_to("/").as_posix() if address else ""
            kept = not address or "://" in address or target in known
            if target in known:
                token.attrSet("href", f"../{target.removesuffix('.md')}.html{mark}{anchor}")
        if kept or token.type not in ("link_open", "link_close"):
            yield token


def _anchor(tokens: list[Token]) -> None:
    """Give every heading the id by which links name it, as GitHub makes it."""
    for heading, inline in pairwise(tokens):
        if heading.type == "heading_open":
            plain = re.sub(r"[^\w\- ]", "", inline.content.lower())
            heading.attrSet("id", plain.replace(" ", "-"))


def _title(text: str) -> Pair:
    title = text.removeprefix("# ").partition("\n")[0].strip()
    en, *zh = BETWEEN_LANGUAGES.split(title, maxsplit=1)
    return (zh[0] if zh and zh[0] else title), en or title
