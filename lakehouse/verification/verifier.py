"""Check that a package is what the sender published for its recipient, from the package's folder and the sender's public key alone."""

from __future__ import annotations

import hashlib
import json
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from lakehouse.verification import merkle
from lakehouse.verification.signing import PublicKey

FILES = ("manifest.json", "manifest.sig", "day.json", "day.sig", "proof.json")
PUBLISHING = ("day.json", "day.sig", "proof.json")
SPEC = "huiliu-package/1"
SHEETS = ".//{http://schemas.openxmlformats.org/spreadsheetml/2006/main}sheet"
FOREIGN = "a signed document lacks a field this verifier knows; a newer verifier may be needed."
Document = dict[str, Any]


@dataclass(frozen=True)
class Refusal:
    """One reason why a package is refused: a fixed code and a text for people."""

    code: str
    reason: str


@dataclass
class Verification:
    """The result of checking a package; a package without refusals is good."""

    refusals: list[Refusal] = field(default_factory=list)
    manifest: Document = field(default_factory=dict)
    files: int = 0

    @property
    def ok(self) -> bool:
        """Return whether the package is good."""
        return not self.refusals

    def refuse(self, code: str, reason: str) -> None:
        """Add a refusal."""
        self.refusals.append(Refusal(code, reason))


def verify_package(folder: Path, key: PublicKey, recipient: str | None = None) -> Verification:
    """Check the package in a folder (`…/<date>/<issue>`); its payloads are in `content/` inside it or two folders above."""
    found = Verification()
    texts = _read_files(folder, found)
    if found.refusals:
        return found
    verify_documents(texts, key, found)
    if not found.manifest:
        return found
    _check_folder(folder, found)
    try:
        if recipient is not None and found.manifest["recipient"]["id"] != recipient:
            found.refuse("recipient", f"the package is for {found.manifest['recipient']['id']}, not for {recipient}.")
        _check_payloads(folder, found.manifest, found)
    except (KeyError, TypeError, ValueError, AttributeError):
        found.refuse("format", FOREIGN)
    return found


def verify_documents(texts: dict[str, bytes], key: PublicKey, found: Verification) -> None:
    """Check a package's five documents and add what is wrong to `found`; `found.manifest` is set only when both signatures are good."""
    documents = {name: _document(name, texts[name], found) for name in FILES if name.endswith(".json")}
    if found.refusals:
        return
    _check_signatures(documents, texts, key, found)
    if found.refusals:
        return
    found.manifest, day, proof = (documents[f"{name}.json"] for name in ("manifest", "day", "proof"))
    try:
        _check_day(found.manifest, day, proof, found)
        _check_former(found.manifest, day, found)
        _check_proof(texts["manifest.json"], day, proof, found)
    except (KeyError, TypeError, ValueError, AttributeError):
        found.refuse("format", FOREIGN)


def _read_files(folder: Path, found: Verification) -> dict[str, bytes]:
    if not folder.is_dir():
        found.refuse("missing", f"{folder} is not a folder.")
        return {}
    present = {path.name for path in folder.iterdir()}
    for name in FILES:
        if name not in present:
            why = "the day is not published, or the package is not complete" if name in PUBLISHING else "the package is not complete"
            found.refuse("missing", f"{name} is missing: {why}.")
    for name in sorted(present - {*FILES, "content"}):
        found.refuse("extra", f"{name} does not belong to the package.")
    return {name: (folder / name).read_bytes() for name in FILES if name in present}


def _document(name: str, content: bytes, found: Verification) -> Document:
    try:
        document = json.loads(content)
    except ValueError:
        document = None
    if not isinstance(document, dict):
        found.refuse("format", f"{name} is not a JSON object.")
        return {}
    return document


def _check_signatures(documents: dict[str, Document], texts: dict[str, bytes], key: PublicKey, found: Verification) -> None:
    for name in ("manifest", "day"):
        named = documents[f"{name}.json"].get("signature")
        said = named if isinstance(named, dict) else {}
        if said.get("algorithm") != key.algorithm:
            found.refuse("algorithm", f"{name}.json is not signed with {key.algorithm}.")
        elif said.get("key_id") != key.key_id:
            found.refuse("key", f"{name}.json names another key than {key.key_id}: wrong public key, or wrong sender.")
        elif not key.accepts(texts[f"{name}.json"], texts[f"{name}.sig"]):
            found.refuse("signature", f"{name}.json was altered, or {name}.sig is not its signature.")


def _check_day(manifest: Document, day: Document, proof: Document, found: Verification) -> None:
    for document, name in ((manifest, "manifest.json"), (day, "day.json")):
        if document["spec"] != SPEC:
            found.refuse("format", f"{name} follows {document['spec']}; this verifier knows {SPEC}.")
    for part, what in (("business_date", "date"), ("issue", "issue"), ("city", "city"), ("inputs_sha256", "list of batches")):
        if manifest[part] != day[part]:
            found.refuse("day", f"manifest.json is of another {what} than day.json.")
    for part in ("business_date", "issue"):
        if proof[part] != day[part]:
            found.refuse("proof", f"proof.json is of another {part.replace('_', ' ')} than day.json.")


def _check_former(manifest: Document, day: Document, found: Verification) -> None:
    """Refuse a return whose rows are of an earlier date unless the day says it was left out, and one left out that says nothing of it."""
    left_out = {one["return_id"] for one in day.get("left_out", [])}
    for one in manifest["returns"]:
        return_id, as_of = one["return_id"], one.get("as_of")
        if as_of is None and return_id in left_out:
            found.refuse("as_of", f"{return_id} was left out on this day, but manifest.json does not say as of when its rows are.")
        elif as_of is not None and return_id not in left_out:
            found.refuse("as_of", f"{return_id} is as of {as_of}, but day.json does not say that it was left out.")
        elif as_of is not None and as_of >= manifest["business_date"]:
            found.refuse("as_of", f"{return_id} is as of {as_of}, which is not before the date of the package.")
        elif as_of is not None and any(form["form"] != "rows" and form["rows"] for form in one["forms"]):
            found.refuse("as_of", f"{return_id} is as of {as_of}, yet the package holds changes of it.")


def _check_folder(folder: Path, found: Verification) -> None:
    """Refuse a package in a folder named for another date or issue; a folder with any other kind of name is not checked."""
    issue, date = folder.resolve().name, folder.resolve().parent.name
    own = (found.manifest.get("business_date"), str(found.manifest.get("issue")))
    if issue.isdigit() and len(date) == 10 and (date, issue) != own:
        found.refuse("day", f"the folder is named for {date}, issue {issue}; the package is of {own[0]}, issue {own[1]}.")


def _check_proof(manifest: bytes, day: Document, proof: Document, found: Verification) -> None:
    leaf = merkle.leaf(manifest)
    if proof["leaf_sha256"] != leaf.hex():
        found.refuse("proof", "proof.json is about another manifest than this one.")
        return
    path = [bytes.fromhex(step) for step in proof["path"]]
    root = merkle.root_from(leaf, proof["leaf_index"], proof["leaf_count"], path)
    if proof["leaf_count"] != day["packages"] or root is None or root.hex() != day["merkle"]["root"]:
        found.refuse("proof", "proof.json does not connect this manifest with the root in day.json: the day does not contain this package.")


def _check_payloads(folder: Path, manifest: Document, found: Verification) -> None:
    sheets: dict[str, list[str]] = {}
    files: dict[str, Document] = {}
    cover = manifest.get("cover")
    for form in [*([cover] if cover else []), *(form for one in manifest["returns"] for form in one["forms"])]:
        if form["path"] is None:
            continue
        files[form["path"]] = form
        if form["sheet"] is not None:
            sheets.setdefault(form["path"], []).append(form["sheet"])
    for path, form in sorted(files.items()):
        content = _payload(folder, path, form, found)
        if content is not None and path in sheets and _sheet_names(content) != sheets[path]:
            found.refuse("sheets", f"{path} does not have exactly the sheets of the manifest in their order.")
    if (folder / "content").is_dir():
        for name in sorted({path.name for path in (folder / "content").iterdir()} - {path.split("/")[-1] for path in files}):
            found.refuse("extra", f"content/{name} does not belong to the package.")
    found.files = len(files)


def _payload(folder: Path, path: str, form: Document, found: Verification) -> Path | None:
    if path != f"content/{form['sha256']}.{path.rsplit('.', 1)[-1]}" or path.count("/") != 1:
        found.refuse("format", "the manifest names a payload by something other than its hash.")
        return None
    places = [place / path for place in (folder, folder.resolve().parent.parent)]
    content = next((place for place in places if place.is_file()), None)
    if content is None:
        found.refuse("missing", f"payload {path} is missing.")
        return None
    if content.stat().st_size != form["bytes"]:
        found.refuse("payload", f"payload {path} has {content.stat().st_size} bytes instead of {form['bytes']}.")
    elif _sha256(content) != form["sha256"]:
        found.refuse("payload", f"payload {path} is not what the manifest says: its content was altered or swapped.")
    else:
        return content
    return None


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _sheet_names(path: Path) -> list[str]:
    try:
        with zipfile.ZipFile(path) as archive:
            book = ElementTree.fromstring(archive.read("xl/workbook.xml"))  # noqa: S314 its hash is signed by the sender
    except (zipfile.BadZipFile, KeyError, ElementTree.ParseError):
        return []
    return [sheet.get("name", "") for sheet in book.iterfind(SHEETS)]
