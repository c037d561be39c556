"""Write the index of every recipient of a day: it names the files of its packages for people. Beside it lies the sender's public key."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date

from huiliu_verify.findings import Verification
from huiliu_verify.index import SPEC as INDEX_SPEC
from huiliu_verify.index import payload_forms, read_index, signed
from huiliu_verify.names import apart, part
from huiliu_verify.signing import Signer
from lakehouse.naming import LEVELS, index_path, package_prefix, public_key_path, recipient_folder
from lakehouse.objects import Area
from lakehouse.returns.addressees import Addressee
from lakehouse.returns.edition import Edition
from lakehouse.returns.key_text import how_to_compare
from lakehouse.returns.manifest import Document, sha256

PARALLEL = 8
CHANGES = "变更"


class Indexes:
    """What the indexes of an issue share.

    An index goes on from the one that stands. Packages that one does not list, because a publication stopped midway or there was no index
    then, are found through the predecessors that manifests name, as far back as they have not expired.
    """

    def __init__(self, edition: Edition, issue: int, signer: Signer) -> None:
        self._edition, self._issue, self._signer = edition, issue, signer
        self._area: Area = edition.exchange
        self._today = edition.date.isoformat()
        self._names = {one.recipient_id: _known_as(one) for one in edition.addressees}
        self._returns = {name: one.name for name, one in edition.declared.items()}

    def write(self, recipient: str, manifest: bytes) -> bool:
        """Bring a recipient's index up to its package; return whether the index was written: an equal one is left as it is."""
        path = index_path(recipient)
        stands = self._get(path)
        before = self._read(recipient, stands)
        content = signed(self._document(recipient, manifest, before["packages"] if before else []), self._signer)
        if content == stands:
            return False
        if not before:
            self._give_key(recipient)
        self._area.put(path, content)
        return True

    def _read(self, recipient: str, content: bytes) -> Document:
        """Return the index that stands; none where there is none, or it is of another recipient, altered or signed with another key."""
        found = read_index(content, self._signer.public, Verification()) if content else {}
        mine = found and (found["recipient"]["id"], found["city"]) == (recipient, self._edition.facts.city)
        return found if mine else {}

    def _document(self, recipient: str, manifest: bytes, listed: Sequence[Document]) -> Document:
        whom = self._names[recipient]
        missed, earlier = self._missed(recipient, manifest, [one for one in listed if one["business_date"] < self._today])
        for content in [*reversed(missed), manifest]:
            earlier = [entry(content, whom, self._returns, earlier), *earlier]
        return {
            "spec": INDEX_SPEC,
            "city": self._edition.facts.city,
            "recipient": {"id": recipient, "name": whom},
            "business_date": self._today,
            "issue": self._issue,
            "packages": [one for one in earlier if self._today < one["expires_on"]],
        }

    def _missed(self, recipient: str, manifest: bytes, listed: Sequence[Document]) -> tuple[list[bytes], list[Document]]:
        """Return the manifests of packages before that are not listed, newest first, and what is listed before them."""
        known = {(one["business_date"], one["issue"]) for one in listed}
        missed: list[bytes] = []
        document = json.loads(manifest)
        while (step := document["predecessor"]) is not None and (step["business_date"], step["issue"]) not in known:
            prefix = package_prefix(recipient, date.fromisoformat(step["business_date"]), step["issue"])
            content = self._get(f"{prefix}/manifest.json")
            document = json.loads(content) if sha256(content) == step["manifest_sha256"] else {"expires_on": ""}
            if document["expires_on"] <= self._today:
                break
            missed.append(content)
        first = json.loads(missed[-1])["business_date"] if missed else self._today
        return missed, [one for one in listed if one["business_date"] < first]

    def _give_key(self, recipient: str) -> None:
        public = self._signer.public
        self._area.put_new(public_key_path(recipient, public.key_id, "pub"), public.pem)
        self._area.put_new(public_key_path(recipient, public.key_id, "txt"), how_to_compare(self._edition.sender, public))

    def _get(self, path: str) -> bytes:
        try:
            return self._area.get(path)
        except FileNotFoundError:
            return b""


def write_indexes(edition: Edition, issue: int, manifests: Mapping[str, bytes], signer: Signer) -> int:
    """Write the index of every recipient of a published issue and return how many were written.

    Call it when the packages are complete: an index names no package that is not there. Each index is one object, so its readers have
    the old one or the new one.
    """
    indexes = Indexes(edition, issue, signer)
    with ThreadPoolExecutor(PARALLEL) as pool:
        return sum(pool.map(lambda one: indexes.write(*one), manifests.items()))


def entry(content: bytes, whom: str, returns: Mapping[str, str], earlier: Sequence[Document]) -> Document:
    """Return what an index says of a package.

    Args:
        content: its manifest.
        whom: the name of its recipient.
        returns: return id → name for people.
        earlier: what the index says of the packages before, newest first; a file that has the same bytes there has them since then.
    """
    manifest: Document = json.loads(content)
    day, issue = manifest["business_date"], manifest["issue"]
    before = next((one for one in earlier if one["business_date"] < day), None)
    since = {file["sha256"]: file["contents_since"] for file in before["files"]} if before else {}
    of = {form["path"]: (one["return_id"], form["form"]) for one in manifest["returns"] for form in one["forms"] if form["sheet"] is None}
    begin = "_".join([part(whom), day, *([f"第{issue}次"] if issue > 1 else [])])
    forms = payload_forms(manifest)
    names = apart([_file_name(begin, path, of.get(path), returns) for path in forms])
    files: list[Document] = []
    for name, (path, form) in zip(names, forms.items(), strict=True):
        return_id, kind = of.get(path, (None, None))
        described = {key: form[key] for key in ("path", "sha256", "bytes")}
        files.append(
            {"name": name, **described, "return_id": return_id, "form": kind, "contents_since": since.get(form["sha256"], day)},
        )
    return {
        "business_date": day,
        "issue": issue,
        "expires_on": manifest["expires_on"],
        "manifest_sha256": sha256(content),
        "files": files,
    }


def _known_as(one: Addressee) -> str:
    """Return the name of a recipient; a grid's, which every community has, after its community's."""
    return f"{one.above}{one.name}" if recipient_folder(one.recipient_id) == LEVELS[-1] else one.name


def _file_name(begin: str, path: str, of: tuple[str, str] | None, returns: Mapping[str, str]) -> str:
    """Return `<recipient>_<date>.xlsx`, or with the return's name where every return has a file of its own."""
    ending = path.rsplit(".", 1)[-1]
    if of is None:
        return f"{begin}.{ending}"
    return_id, form = of
    return "_".join([begin, part(returns.get(return_id, return_id)), *([CHANGES] if form == "changes" else [])]) + f".{ending}"
