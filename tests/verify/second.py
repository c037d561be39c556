"""A second verifier, written from docs/reference/package.md alone: it shares no code with the first, and fits on a page."""

import base64
import hashlib
import json
from pathlib import Path

from cryptography.hazmat.primitives.serialization import load_pem_public_key


def digest(*parts: bytes) -> str:
    return hashlib.sha256(b"".join(parts)).hexdigest()


def check(package: Path, key: Path) -> dict[str, str]:
    """Return name for people → hash of the package's files; AssertionError, ValueError or InvalidSignature when anything is wrong."""
    public, home = load_pem_public_key(key.read_bytes()), package.parent.parent
    read = {path.name: path.read_bytes() for path in package.iterdir()}
    for name in ("manifest", "day"):
        public.verify(base64.b64decode(read[f"{name}.sig"], validate=True), read[f"{name}.json"])
    manifest, day, proof = (json.loads(read[f"{name}.json"]) for name in ("manifest", "day", "proof"))
    for part in ("business_date", "issue", "city", "inputs_sha256"):
        assert manifest[part] == day[part], part
    assert (package.parent.name, package.name) == (day["business_date"], str(day["issue"]))
    here, place, count, path = digest(b"\0", read["manifest.json"]), proof["leaf_index"], proof["leaf_count"], list(proof["path"])
    assert (count, here) == (day["packages"], proof["leaf_sha256"])
    while count > 1:
        if place ^ 1 < count:
            pair = (path.pop(0), here) if place % 2 else (here, path.pop(0))
            here = digest(b"\1", *map(bytes.fromhex, pair))
        place, count = place // 2, (count + 1) // 2
    assert (here, path) == (day["merkle"]["root"], [])
    forms = [manifest["cover"], *(form for one in manifest["returns"] for form in one["forms"])]
    hashes = {form["path"]: form["sha256"] for form in forms if form and form["path"]}
    for path, sha256 in hashes.items():
        assert digest((home / path).read_bytes()) == sha256 == Path(path).stem, path
    index = json.loads((home / "index.json").read_bytes())
    signature = index["signature"].pop("value")
    text = json.dumps(index, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    public.verify(base64.b64decode(signature, validate=True), text.encode())
    assert (index["recipient"]["id"], index["city"]) == (manifest["recipient"]["id"], day["city"])
    entry = next(one for one in index["packages"] if one["business_date"] == day["business_date"])
    assert (entry["issue"], entry["manifest_sha256"]) == (day["issue"], digest(read["manifest.json"]))
    assert {one["path"]: one["sha256"] for one in entry["files"]} == hashes
    return {one["name"]: one["sha256"] for one in entry["files"]}
