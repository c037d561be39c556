"""Save the files of a good package under their names for people."""

from __future__ import annotations

import hashlib
from pathlib import Path

from huiliu_verify.findings import NamedFile, Verification
from huiliu_verify.language import EN, Text
from huiliu_verify.verifier import ONE_READ, sha256_of


class SavingError(Exception):
    """A file cannot be saved under its name; the message says where, what was found and what to do."""

    def __init__(self, where: Path, found: Text, fix: Text) -> None:
        self.problem = (where, found, fix)
        super().__init__(self.text(EN))

    def text(self, language: str) -> str:
        """Return the message in a language."""
        where, found, fix = self.problem
        return f"{where}:\n  {found.to(language)}\n  {Text('处理', 'Fix').to(language)}: {fix.to(language)}"


def save(found: Verification, folder: Path) -> list[Path]:
    """Save the files of a good package in a folder under their names and return where; what is there already with these bytes stays.

    Raises:
        SavingError: another file has the name already, or a file changed after it was checked.
        ValueError: the package was refused.
    """
    if not found.ok:
        raise ValueError("the package was refused")
    targets = [(one, folder / one.name) for one in found.named]
    for one, target in targets:
        if target.exists() and not _is_same(target, one):
            taken = Text("已有同名但内容不同的文件。", "another file has this name already.")
            raise SavingError(target, taken, Text("把它移走或改名，或另选文件夹。", "move or rename it, or choose another folder."))
    folder.mkdir(parents=True, exist_ok=True)
    for one, target in targets:
        if not target.exists():
            _copy(one, target)
    return [target for _, target in targets]


def _is_same(path: Path, one: NamedFile) -> bool:
    return path.is_file() and path.stat().st_size == one.bytes and sha256_of(path) == one.sha256


def _copy(one: NamedFile, target: Path) -> None:
    """Copy a payload, hashing what is written: the file appears under its name only when it is what was signed."""
    if one.place is None:
        raise ValueError("the payload was not found")
    scratch, hashed = target.with_name(f".{one.sha256[:16]}.part"), hashlib.sha256()
    try:
        with one.place.open("rb") as source, scratch.open("wb") as copy:
            while part := source.read(ONE_READ):
                hashed.update(part)
                copy.write(part)
        if hashed.hexdigest() != one.sha256:
            changed = Text("核对之后又被改动。", "it changed after it was checked.")
            raise SavingError(one.place, changed, Text("重新取回并核对。", "fetch it again and check it again."))
        scratch.replace(target)
    finally:
        scratch.unlink(missing_ok=True)
