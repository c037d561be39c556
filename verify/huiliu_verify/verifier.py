"""Check that a package is what the sender published for its recipient, from the package's folder and the sender's public key alone."""

from __future__ import annotations

import hashlib
import json
import zipfile
from pathlib import Path
from xml.etree import ElementTree

from huiliu_verify import index, merkle
from huiliu_verify.findings import Document, Verification
from huiliu_verify.signing import PublicKey

FILES = ("manifest.json", "manifest.sig", "day.json", "day.sig", "proof.json")
PUBLISHING = ("day.json", "day.sig", "proof.json")
SPEC = "huiliu-package/1"
SHEETS = ".//{http://schemas.openxmlformats.org/spreadsheetml/2006/main}sheet"
UNREADABLE = (KeyError, TypeError, ValueError, AttributeError)
ONE_READ = 1024 * 1024


def verify_folder(folder: Path, key: PublicKey, recipient: str | None = None, business_date: str = "") -> Verification:
    """Check a package, given its folder or the recipient's: then the package of a date (empty: the newest) that its index names."""
    if (folder / FILES[0]).is_file() or not (folder / index.NAME).is_file():
        return verify_package(folder, key, recipient)
    found = Verification()
    listed = index.read_index((folder / index.NAME).read_bytes(), key, found)
    if not listed:
        return found
    try:
        package = index.newest_package(listed, business_date)
    except UNREADABLE:
        _foreign(found)
        return found
    if package is None:
        found.refuse("missing", index.NAME, "it lists no package of this date.", "没有列出该日期的数据包。")
        return found
    return verify_package(folder / package[0] / str(package[1]), key, recipient)


def verify_package(folder: Path, key: PublicKey, recipient: str | None = None) -> Verification:
    """Check the package in a folder (`…/<date>/<issue>`); its payloads are in `content/` inside it or two folders above.

    The index two folders above, where there is one, has to agree with it.
    """
    found = Verification()
    texts = _read_files(folder, found)
    if found.refusals:
        return found
    verify_documents(texts, key, found)
    if not found.manifest:
        return found
    try:
        _check_folder(folder, found)
        if recipient is not None and found.manifest["recipient"]["id"] != recipient:
            whom = found.manifest["recipient"]["id"]
            reason = f"the package is for {whom}, not for {recipient}."
            found.refuse("recipient", FILES[0], reason, f"数据包发给 {whom}，不是 {recipient}。")
        _check_payloads(folder, found)
        _check_index(folder, texts[FILES[0]], key, found)
    except UNREADABLE:
        _foreign(found)
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
    except UNREADABLE:
        _foreign(found)


def _foreign(found: Verification) -> None:
    reason = "a signed document lacks a field this verifier knows; a newer verifier may be needed."
    found.refuse("format", FILES[0], reason, "已签名的文件缺少本程序认识的字段；可能需要更新的 huiliu-verify。")


def _read_files(folder: Path, found: Verification) -> dict[str, bytes]:
    if not folder.is_dir():
        found.refuse("missing", str(folder), "is not a folder.", "不是文件夹。")
        return {}
    present = {path.name for path in folder.iterdir()}
    for name in FILES:
        if name in present:
            continue
        if name in PUBLISHING:
            reason = "is missing: the day is not published, or the package is not complete."
            found.refuse("missing", name, reason, "缺少：当日尚未发布，或数据包不完整。")
        else:
            found.refuse("missing", name, "is missing: the package is not complete.", "缺少：数据包不完整。")
    for name in sorted(present - {*FILES, "content"}):
        found.refuse("extra", name, "does not belong to the package.", "不属于本数据包。")
    return {name: (folder / name).read_bytes() for name in FILES if name in present}


def _document(name: str, content: bytes, found: Verification) -> Document:
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        found.refuse("format", name, "is not a JSON object.", "不是 JSON 对象。")
        return {}
    return document


def _check_signatures(documents: dict[str, Document], texts: dict[str, bytes], key: PublicKey, found: Verification) -> None:
    for name in ("manifest", "day"):
        where = f"{name}.json"
        named = documents[where].get("signature")
        said = named if isinstance(named, dict) else {}
        if said.get("algorithm") != key.algorithm:
            found.refuse("algorithm", where, f"is not signed with {key.algorithm}.", f"不是用 {key.algorithm} 签名的。")
        elif said.get("key_id") != key.key_id:
            reason = f"names another key than {key.key_id}: wrong public key, or wrong sender."
            found.refuse("key", where, reason, f"注明的公钥不是 {key.key_id}：公钥不对，或发送方不对。")
        elif not key.accepts(texts[where], texts[f"{name}.sig"]):
            found.refuse("signature", where, f"was altered, or {name}.sig is not its signature.", f"被改动过，或 {name}.sig 不是它的签名。")


def _check_day(manifest: Document, day: Document, proof: Document, found: Verification) -> None:
    for document, name in ((manifest, "manifest.json"), (day, "day.json")):
        if document["spec"] != SPEC:
            reason = f"follows {document['spec']}; this verifier knows {SPEC}."
            found.refuse("format", name, reason, f"规范版本为 {document['spec']}；本程序认识 {SPEC}。")
    told = (("business_date", "date", "日期"), ("issue", "issue", "发布次数"))
    for part, what, zh in (*told, ("city", "city", "城市"), ("inputs_sha256", "list of batches", "批次列表")):
        if manifest[part] != day[part]:
            found.refuse("day", "manifest.json", f"is of another {what} than day.json.", f"与 day.json 的{zh}不同。")
    for part, what, zh in told:
        if proof[part] != day[part]:
            found.refuse("proof", "proof.json", f"is of another {what} than day.json.", f"与 day.json 的{zh}不同。")


def _check_former(manifest: Document, day: Document, found: Verification) -> None:
    """Refuse a return whose rows are of an earlier date unless the day says it was left out, and one left out that says nothing of it."""
    left_out = {one["return_id"] for one in day.get("left_out", [])}
    for one in manifest["returns"]:
        name, as_of = one["return_id"], one.get("as_of")
        reason, zh = "", ""
        if as_of is None and name in left_out:
            reason = "was left out on this day, but manifest.json does not say as of when its rows are."
            zh = "当日未更新，却没有注明数据的日期。"
        elif as_of is not None and name not in left_out:
            reason = f"is as of {as_of}, but day.json does not say that it was left out."
            zh = f"注明为 {as_of} 的数据，day.json 却没有注明未更新。"
        elif as_of is not None and as_of >= manifest["business_date"]:
            reason = f"is as of {as_of}, which is not before the date of the package."
            zh = f"注明为 {as_of} 的数据，不早于数据包的日期。"
        elif as_of is not None and any(form["form"] != "rows" and form["rows"] for form in one["forms"]):
            reason = f"is as of {as_of}, yet the package holds changes of it."
            zh = f"注明为 {as_of} 的数据，数据包却有其变更。"
        if reason:
            found.refuse("as_of", FILES[0], f"{name} {reason}", f"{name} {zh}")


def _check_folder(folder: Path, found: Verification) -> None:
    """Refuse a package in a folder named for another date or issue; a folder with any other kind of name is not checked."""
    issue, date = folder.resolve().name, folder.resolve().parent.name
    own = (found.manifest.get("business_date"), str(found.manifest.get("issue")))
    if issue.isdigit() and len(date) == 10 and (date, issue) != own:
        reason = f"the folder is named for {date}, issue {issue}; the package is of {own[0]}, issue {own[1]}."
        found.refuse("day", str(folder), reason, f"文件夹名为 {date} 第 {issue} 次；数据包是 {own[0]} 第 {own[1]} 次。")


def _check_proof(manifest: bytes, day: Document, proof: Document, found: Verification) -> None:
    leaf = merkle.leaf(manifest)
    if proof["leaf_sha256"] != leaf.hex():
        found.refuse("proof", "proof.json", "is about another manifest than this one.", "是另一份清单的证明。")
        return
    path = [bytes.fromhex(step) for step in proof["path"]]
    root = merkle.root_from(leaf, proof["leaf_index"], proof["leaf_count"], path)
    if proof["leaf_count"] != day["packages"] or root is None or root.hex() != day["merkle"]["root"]:
        reason = "does not connect this manifest with the root in day.json: the day does not contain this package."
        found.refuse("proof", "proof.json", reason, "不能把清单与 day.json 的根哈希连起来：当日发布不含本数据包。")


def _check_payloads(folder: Path, found: Verification) -> None:
    files = index.payload_forms(found.manifest)
    sheets: dict[str, list[str]] = {}
    for form in index.all_forms(found.manifest):
        if form["sheet"] is not None:
            sheets.setdefault(form["path"], []).append(form["sheet"])
    for path, form in sorted(files.items()):
        content = _payload(folder, path, form, found)
        if content is None:
            continue
        found.payloads[path] = content
        if path in sheets and _sheet_names(content) != sheets[path]:
            reason = "does not have exactly the sheets of the manifest in their order."
            found.refuse("sheets", path, reason, "工作表及其顺序与清单不一致。")
    if (folder / "content").is_dir():
        for name in sorted({path.name for path in (folder / "content").iterdir()} - {path.split("/")[-1] for path in files}):
            found.refuse("extra", f"content/{name}", "does not belong to the package.", "不属于本数据包。")
    found.files = len(files)


def _payload(folder: Path, path: str, form: Document, found: Verification) -> Path | None:
    ending = path.rsplit(".", 1)[-1]
    if path != f"content/{form['sha256']}.{ending}" or path.count("/") != 1 or not ending.isalnum():
        found.refuse("format", "manifest.json", "it names a payload by something other than its hash.", "有文件不是以其哈希命名的。")
        return None
    places = [place / path for place in (folder, folder.resolve().parent.parent)]
    content = next((place for place in places if place.is_file()), None)
    if content is None:
        found.refuse("missing", path, "this payload is missing.", "缺少此文件。")
        return None
    size = content.stat().st_size
    if size != form["bytes"]:
        found.refuse("payload", path, f"it has {size} bytes instead of {form['bytes']}.", f"有 {size} 字节，应为 {form['bytes']} 字节。")
    elif sha256_of(content) != form["sha256"]:
        found.refuse("payload", path, "it is not what the manifest says: altered or swapped.", "与清单不一致：内容被改动或调换。")
    else:
        return content
    return None


def _check_index(folder: Path, manifest: bytes, key: PublicKey, found: Verification) -> None:
    path = index.beside(folder)
    listed = index.read_index(path.read_bytes(), key, found) if path else {}
    if listed or path is None:
        index.name_files(listed, hashlib.sha256(manifest).hexdigest(), found)


def sha256_of(path: Path) -> str:
    """Return the SHA-256 hash of a file, in hexadecimal."""
    found = hashlib.sha256()
    with path.open("rb") as stream:
        while part := stream.read(ONE_READ):
            found.update(part)
    return found.hexdigest()


def _sheet_names(path: Path) -> list[str]:
    try:
        with zipfile.ZipFile(path) as archive:
            book = ElementTree.fromstring(archive.read("xl/workbook.xml"))  # noqa: S314 its hash is signed by the sender
    except (zipfile.BadZipFile, KeyError, ElementTree.ParseError):
        return []
    return [sheet.get("name", "") for sheet in book.iterfind(SHEETS)]
