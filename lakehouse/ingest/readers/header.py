"""Judge the header of a delivery: exactly the declared names, each once, in any order; and say what can be done where it is not so."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches

from lakehouse.contracts.guess.meanings import meaning_of, role_of, says_nothing_else
from lakehouse.contracts.model import Contract, XlsxSource
from lakehouse.ingest.readers.records import refusal

MOST_TOLD = 40  # columns: a broken line end may put thousands of fields into the header
MOST_FURTHER = 3  # columns that a source adds at once; more are told by their places
LONGEST_NAME, LONGEST_WORD = 64, 24
NO_NAME = re.compile(r"[0-9]{6}|[\x00-\x1f\x7f]|@")  # digits of a number or a date, control characters, an address: that is data
ALIKE = 0.6
JOINED = "/"  # between the texts of several header rows


@dataclass(frozen=True)
class Expected:
    """What the header of a resource must hold.

    Attributes:
        resource: the code of the resource.
        names: the declared names, in the order of the contract.
        is_joined: whether a name is joined from several rows: if one of them is gone, a row of data takes its place.
        others: other layouts of the resource by name, with the names their deliveries have.
    """

    resource: str
    names: tuple[str, ...]
    is_joined: bool = False
    others: Mapping[str, frozenset[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Undeclared:
    """A column nobody declared: its place from 1, its name (None: it may be data), the missing name it is probably meant for."""

    place: int
    name: str | None
    meant: str | None = None

    def __str__(self) -> str:
        """Return the column as messages call it."""
        place = f"column {self.place}{f', meant for {self.meant}?' if self.meant else ''}"
        return place if self.name is None else f"{self.name} ({place})"


@dataclass(frozen=True)
class Judged:
    """What is wrong with a header.

    Attributes:
        resource: the code of the resource.
        missing: the declared names it lacks.
        twice: the declared names it has more than once.
        undeclared: the columns nobody declared.
        is_header: whether it holds enough declared names to be a header at all; otherwise it may be a line of data.
        layout: the other layout of the resource whose names it has.
    """

    resource: str
    missing: tuple[str, ...] = ()
    twice: tuple[str, ...] = ()
    undeclared: tuple[Undeclared, ...] = ()
    is_header: bool = True
    layout: str | None = None

    @property
    def is_right(self) -> bool:
        """Return whether nothing is wrong."""
        return not (self.missing or self.twice or self.undeclared)

    @property
    def renamed(self) -> dict[str, str]:
        """Return missing name → the undeclared one that is probably meant for it."""
        return {one.meant: one.name for one in self.undeclared if one.meant and one.name}

    def found(self) -> str:
        """Return in words what is wrong."""
        parts = [
            ("缺少 / missing", self.missing),
            ("重复 / more than once", self.twice),
            ("未声明 / not declared", [str(one) for one in self.undeclared[:MOST_TOLD]]),
        ]
        more = f" and {len(self.undeclared) - MOST_TOLD} more" if len(self.undeclared) > MOST_TOLD else ""
        return "; ".join(f"{said}: {', '.join(names)}" for said, names in parts if names) + f"{more}."


def expected_of(contract: Contract) -> Expected:
    """Return what the headers of a contract's deliveries must hold, in the layout the contract is laid out in."""
    names = tuple(column.source_name for column in contract.columns)
    layouts = {layout.name: frozenset(layout.names.values()) for layout in contract.layouts}
    is_joined = isinstance(contract.source, XlsxSource) and contract.source.header_rows > 1
    return Expected(contract.code, names, is_joined, {name: held for name, held in layouts.items() if held != frozenset(names)})


def judge(found: Sequence[str], expected: Expected, *, to_its_holder: bool = False) -> Judged:
    """Return what is wrong with the names in a header.

    A name that is not declared is told beside all declared ones, or where it is much like the one it is meant for. Otherwise it may be
    data: of a file without a header, behind a lost line end, in a cell whose text was exchanged. Whoever holds the file (`to_its_holder`)
    is told every name of a line that can be a header.
    """
    declared = set(expected.names)
    times = Counter(found)
    missing = tuple(name for name in expected.names if name not in times)
    twice = tuple(sorted(name for name in declared if times[name] > 1))
    is_header = _is_header(found, declared)
    undeclared = [(place, name) for place, name in enumerate(found, 1) if name not in declared]
    meant = _meant([name for _, name in undeclared[:MOST_TOLD]], missing) if is_header else {}
    others = (name for name, held in expected.others.items() if set(found) == held and len(found) == len(held))
    is_few = len(undeclared) <= max(1, min(MOST_FURTHER, len(declared) // 2))
    is_certain = is_header and (to_its_holder or (not missing and is_few))
    told = tuple(
        Undeclared(place, name if (is_certain and _is_name(name)) or _is_alike(name, meant.get(name)) else None, meant.get(name))
        for place, name in undeclared
    )
    return Judged(expected.resource, missing, twice, told, is_header, next(others, None))


def undeclared(found: Collection[str], declared: Collection[str]) -> tuple[str, ...]:
    """Return the names in a line that names its own columns which are not declared; none that may be data."""
    others = [name for name in found if name not in declared]
    is_certain = _is_header(found, set(declared)) and len(others) <= max(1, min(MOST_FURTHER, len(declared) // 2))
    return tuple(name for name in others if _is_name(name)) if is_certain else ()


def check_header(found: Sequence[str], expected: Expected, where: str) -> None:
    """Check that the names in a header are exactly the declared ones.

    Raises:
        SourceError: names are missing, twice or not declared; the whole delivery is refused.
    """
    judged = judge(found, expected)
    if not judged.is_right:
        raise refusal(f"{where}: header", judged.found(), ", ".join(sorted(expected.names)), remedy(judged))


def check_no_header(found: Sequence[str], expected: Expected, where: str) -> None:
    """Check that the first line of a file that has no header is none.

    Raises:
        SourceError: it holds declared names; the whole delivery is refused, because its columns may stand in another order.
    """
    if _is_header(found, set(expected.names)):
        text = "第一行是表头，而合同声明该文件没有表头 / the first line is a header, but the contract says that there is none."
        fix = "去掉表头重新报送，或将合同改为 headerRows: 1 / send it again without a header, or let the contract say headerRows: 1."
        raise refusal(f"{where}: header", text, "headerRows: 0", fix)


def remedy(judged: Judged, told_by: str | None = None) -> str:
    """Return what can be done about a wrong header: send the file again, or raise the contract; `told_by` says how (None: a command)."""
    see = told_by or f"`huiliu contracts diff {judged.resource} --header FILE`"
    if judged.layout:
        zh = f"列名属于布局“{judged.layout}”：请核对文件的业务日期，或修改该布局的有效期。"
        en = f"these are the names of the layout {judged.layout}: check the date of the file, or the validity of that layout."
    elif not judged.is_header:
        zh = f"该行不像表头：请带表头重新报送；若表头在别的行，{see} 会指出。"
        en = f"send the file again with its header line; this line looks like data. Where the header stands elsewhere, {see} tells."
    elif judged.renamed or not judged.missing:
        zh = f"请按声明的列名重新报送；若来源今后都这样报送，请修订合同：{see} 给出要写的内容。"
        en = f"send the file again with exactly these header names; if they are to stay so, raise the contract: {see} says how."
    else:
        zh = f"请按声明的列名补齐后重新报送；若来源不再有该列，请在合同中加一个布局：{see} 给出要写的内容。"
        en = f"send the file again with exactly these header names; if a column is gone for good, add a layout: {see} says how."
    return f"{zh} / {en}"


def _is_header(found: Collection[str], declared: set[str]) -> bool:
    known = len(declared.intersection(found))
    return known >= 2 or known * 2 > len(found)


def _is_name(text: str) -> bool:
    """Return whether a text looks like a name: it has letters, and nothing that numbers and addresses have."""
    return 0 < len(text.strip()) <= LONGEST_NAME and NO_NAME.search(text) is None and any(map(str.isalpha, text))


def _is_alike(text: str, meant: str | None) -> bool:
    """Return whether a text is much like the name it is meant for: but for spelling, by what both say, or by most of its letters.

    Where two header rows are joined to a name, each part must be like its part: above a declared part there may stand data.
    """
    if meant is None:
        return False
    parts, others = text.split(JOINED), meant.split(JOINED)
    return len(parts) == len(others) and all(map(_is_like, parts, others))


def _is_like(text: str, meant: str) -> bool:
    if not _is_name(text) or len(text) > LONGEST_WORD or (text.startswith(meant) and _plain(text) != _plain(meant)):
        return False
    said = _said(text)
    says_the_same = said is not None and said == _said(meant) and says_nothing_else(text) and not any(map(str.isdigit, text))
    return _plain(text) == _plain(meant) or says_the_same or bool(get_close_matches(text, [meant], cutoff=ALIKE))


def _meant(undeclared: Sequence[str], missing: Sequence[str]) -> dict[str, str]:
    """Return undeclared name → the missing name that is meant, each once.

    It is the same but for spelling, or means the same, or is nearly the same, or is the only one left of both.
    """
    left, found = list(missing), dict[str, str]()
    for key in (_plain, _said):
        heard = {key(name): name for name in left}
        for name in (name for name in undeclared if name not in found):
            if key(name) and heard.get(key(name)) in left:
                found[name] = heard[key(name)]
                left.remove(found[name])
    for name in undeclared:
        able = [other for other in left if _may_mean(name, other)]
        near = get_close_matches(name, able, n=1, cutoff=ALIKE) if name not in found else []
        if near:
            found[name] = near[0]
            left.remove(near[0])
    over = [name for name in undeclared if name not in found]
    is_the_last = len(over) == len(left) == 1 and _may_mean(over[0], left[0])
    return found | (dict(zip(over, left, strict=True)) if is_the_last else {})


def _may_mean(name: str, other: str) -> bool:
    """Return whether one name may stand for the other: not where both say what they hold, and say different things."""
    said = {_said(name), _said(other)} - {None}
    return len(said) < 2


def _said(name: str) -> tuple[str, str | None] | None:
    """Return what a name says its column holds, and of whom; None where it says nothing we know."""
    meaning = meaning_of(name)
    return (meaning.name, role_of(name)) if meaning else None


def _plain(name: str) -> str:
    """Return a name without blanks and invisible characters, in half width and small letters."""
    folded = unicodedata.normalize("NFKC", name).casefold()
    return "".join(letter for letter in folded if unicodedata.category(letter)[0] not in "ZC")
