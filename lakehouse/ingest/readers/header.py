"""Judge the header of a delivery: exactly the declared names, each once, in any order; and say what can be done where it is not so."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches

from lakehouse.contracts.guess.meanings import meaning_of, role_of
from lakehouse.contracts.model import Contract
from lakehouse.ingest.readers.records import refusal

LONGEST_NAME = 64
NO_NAME = re.compile(r"[0-9]{6}|[\x00-\x1f\x7f]|@")  # digits of a number or a date, control characters, an address: that is data
ALIKE = 0.6


@dataclass(frozen=True)
class Expected:
    """What the header of a resource must hold.

    Attributes:
        resource: the code of the resource.
        names: the declared names, in the order of the contract.
        others: other layouts of the resource by name, with the names their deliveries have.
    """

    resource: str
    names: tuple[str, ...]
    others: Mapping[str, frozenset[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Undeclared:
    """A column nobody declared: its place from 1, its name (None: it may be data), the missing name it is probably meant for."""

    place: int
    name: str | None
    meant: str | None = None

    def __str__(self) -> str:
        """Return the column as messages call it."""
        if self.name is None:
            return f"column {self.place}"
        return f"{self.name} (column {self.place}{f', meant for {self.meant}?' if self.meant else ''})"


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
            ("未声明 / not declared", [str(one) for one in self.undeclared]),
        ]
        return "; ".join(f"{said}: {', '.join(names)}" for said, names in parts if names) + "."


def expected_of(contract: Contract) -> Expected:
    """Return what the headers of a contract's deliveries must hold, in the layout the contract is laid out in."""
    names = tuple(column.source_name for column in contract.columns)
    layouts = {layout.name: frozenset(layout.names.values()) for layout in contract.layouts}
    return Expected(contract.code, names, {name: held for name, held in layouts.items() if held != frozenset(names)})


def judge(found: Sequence[str], expected: Expected) -> Judged:
    """Return what is wrong with the names in a header.

    Names that are not declared are told where the line certainly is a header; in a file without a header they would be data.
    """
    declared = set(expected.names)
    missing = tuple(name for name in expected.names if name not in found)
    twice = tuple(sorted({name for name in found if name in declared and found.count(name) > 1}))
    is_header = _is_header(found, declared)
    undeclared = [(place, name) for place, name in enumerate(found, 1) if name not in declared]
    meant = _meant([name for _, name in undeclared], missing) if is_header else {}
    others = (name for name, held in expected.others.items() if set(found) == held and len(found) == len(held))
    told = tuple(Undeclared(place, name if is_header and _is_name(name) else None, meant.get(name)) for place, name in undeclared)
    return Judged(expected.resource, missing, twice, told, is_header, next(others, None))


def undeclared(found: Collection[str], declared: Collection[str]) -> tuple[str, ...]:
    """Return the names in a line that names its own columns which are not declared; none that may be data."""
    if not _is_header(found, set(declared)):
        return ()
    return tuple(name for name in found if name not in declared and _is_name(name))


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
    return 0 < len(text.strip()) <= LONGEST_NAME and NO_NAME.search(text) is None


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
