"""The index of a recipient: one signed document that names the files of its packages for people. Sign it, and hold a package to it."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

from huiliu_verify.findings import Document, NamedFile, Verification
from huiliu_verify.language import Text
from huiliu_verify.names import apart, is_file_name
from huiliu_verify.signing import PublicKey, Signer

SPEC = "huiliu-index/1"
NAME = "index.json"


def canonical(document: Any) -> bytes:
    """Return a document as canonical JSON (RFC 8785), as far as it holds texts, integers, lists and objects with names in ASCII."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def signed(document: Document, signer: Signer) -> bytes:
    """Return the bytes of a signed index: the signature stands inside it, so that document and signature change at the same moment.

    Signed is the document without `signature.value`.
    """
    named = {**document, "signature": signer.named}
    return canonical({**named, "signature": {**signer.named, "value": signer.sign(canonical(named)).decode()}})


def read_index(content: bytes, key: PublicKey, found: Verification) -> Document:
    """Return a signed index, empty when it is refused."""
    try:
        document = json.loads(content)
        said = document["signature"]
        value = said["value"]
        unsigned = canonical({**document, "signature": {name: one for name, one in said.items() if name != "value"}})
        if canonical(document) != content:
            found.refuse("format", NAME, "it is not canonical JSON.", "不是规范化的 JSON。")
        elif document["spec"] != SPEC:
            found.refuse("format", NAME, f"it does not follow {SPEC}.", f"不符合规范 {SPEC}。")
        elif said["algorithm"] != key.algorithm:
            found.refuse("algorithm", NAME, f"it is not signed with {key.algorithm}.", f"不是用 {key.algorithm} 签名的。")
        elif said["key_id"] != key.key_id:
            found.refuse("key", NAME, f"it names another key than {key.key_id}.", f"注明的公钥不是 {key.key_id}。")
        elif not key.accepts(unsigned, value.encode()):
            found.refuse("signature", NAME, "it was altered after it was signed.", "签名之后被改动过。")
        else:
            return dict(document)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        found.refuse("format", NAME, "it is no index of packages.", "不是数据包目录。")
    return {}


def newest_package(index: Document, business_date: str) -> tuple[str, int] | None:
    """Return date and issue of the package of a date (empty: the newest one), None when the index has none."""
    listed = [(date.fromisoformat(one["business_date"]).isoformat(), int(one["issue"])) for one in index["packages"]]
    return max((one for one in listed if business_date in ("", one[0])), default=None)


def name_files(index: Document, manifest_sha256: str, found: Verification) -> None:
    """Hold a package to the index of its recipient and name its files for people; without an index they are named by ids."""
    manifest = found.manifest
    if index and (index["recipient"]["id"], index["city"]) != (manifest["recipient"]["id"], manifest["city"]):
        found.refuse("index", NAME, "it is the index of another recipient or city.", "是其他接收单位或其他城市的目录。")
        return
    found.recipient_name = str(index["recipient"]["name"]) if index else ""
    entry = _entry(index, manifest, found) if index else None
    if entry is None:
        found.named = _by_ids(manifest, found)
        return
    if entry["manifest_sha256"] != manifest_sha256:
        found.refuse("index", NAME, "it is about another package of this date and issue.", "所列的是同一日期、同一次发布的另一个数据包。")
        return
    found.named = _named(entry, found)


def _entry(index: Document, manifest: Document, found: Verification) -> Document | None:
    """Return what the index says of this package; a note says why it says nothing."""
    day, issue = manifest["business_date"], manifest["issue"]
    same_day = next((one for one in index["packages"] if one["business_date"] == day), None)
    if same_day is not None and same_day["issue"] == issue:
        return dict(same_day)
    if (day, issue) > (index["business_date"], index["issue"]):
        found.notes.append(Text("目录比本数据包旧，还没有列出它。", "The index is older than this package and does not list it yet."))
    elif same_day is not None:
        later = same_day["issue"]
        found.notes.append(Text(f"已有第 {later} 次发布，请改用那一次。", f"Issue {later} has replaced this one: use that."))
    else:
        found.notes.append(Text("目录已不再列出本数据包（可能已到期）。", "The index does not list this package; it may have expired."))
    return None


def _named(entry: Document, found: Verification) -> list[NamedFile]:
    files = [
        NamedFile(one["name"], one["path"], one["sha256"], one["bytes"], one["return_id"], one["form"], one["contents_since"])
        for one in entry["files"]
    ]
    said = {(one.path, one.sha256, one.bytes) for one in files}
    if said != {(path, form["sha256"], form["bytes"]) for path, form in payload_forms(found.manifest).items()} or len(said) < len(files):
        found.refuse("index", NAME, "it lists other files than the manifest.", "所列文件与清单不同。")
        return []
    names = [one.name for one in files]
    if not all(is_file_name(name) for name in names) or apart(names) != names:
        found.refuse("index", NAME, "a name in it is none a file can have, or stands there twice.", "其中有不能用作文件名的名字，或重名。")
        return []
    return _placed(files, found)


def _by_ids(manifest: Document, found: Verification) -> list[NamedFile]:
    begin = f"{manifest['recipient']['id']}_{manifest['business_date']}"
    returns = {form["path"]: (one["return_id"], form["form"]) for one in manifest["returns"] for form in one["forms"]}
    files = []
    for path, form in payload_forms(manifest).items():
        of = (None, None) if form["sheet"] is not None else returns[path]
        name = "_".join([begin, *(one for one in of if one)])
        files.append(NamedFile(f"{name}.{path.rsplit('.', 1)[-1]}", path, form["sha256"], form["bytes"], *of))
    return _placed(files, found)


def _placed(files: list[NamedFile], found: Verification) -> list[NamedFile]:
    return [NamedFile(**{**vars(one), "place": found.payloads.get(one.path)}) for one in files]


def payload_forms(manifest: Document) -> dict[str, Document]:
    """Return path → form of the payload files of a package, in the order of the manifest; a workbook holds many forms and has one."""
    found: dict[str, Document] = {}
    for form in all_forms(manifest):
        found.setdefault(form["path"], form)
    return found


def all_forms(manifest: Document) -> list[Document]:
    """Return the forms of a package that have a payload, the first page of a workbook before all others."""
    cover = manifest.get("cover")
    forms = [*([cover] if cover else []), *(form for one in manifest["returns"] for form in one["forms"])]
    return [form for form in forms if form["path"] is not None]


def beside(package: Path) -> Path | None:
    """Return the index that belongs to the folder of a package; None when the folder is not named for a date and issue."""
    place = package.resolve()
    path = place.parent.parent / NAME
    return path if place.name.isdigit() and len(place.parent.name) == 10 and path.is_file() else None
