"""Publish a day: the manifests, then the one day entry that makes them all visible, then a copy of it into every package, then indexes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from huiliu_verify import merkle
from huiliu_verify.signing import Signer
from lakehouse.errors import DeliveryError, Problem
from lakehouse.naming import day_entry_path, package_prefix, recipient_folder
from lakehouse.ops.packages import Package
from lakehouse.returns.build_record import BuildRecord
from lakehouse.returns.day_entries import Leaves, final_issue, leaves
from lakehouse.returns.edition import Edition
from lakehouse.returns.index import write_indexes
from lakehouse.returns.manifest import Document, canonical, day_entry, manifest, proof, sha256

PARALLEL_PUTS = 8


@dataclass(frozen=True)
class Manifest:
    """A package's manifest as bytes, with the facts of the forms it lists."""

    recipient_id: str
    content: bytes
    forms: tuple[Document, ...]

    @property
    def payloads(self) -> dict[str, int]:
        """Return path → bytes of the payload files."""
        return {form["path"]: form["bytes"] for form in self.forms if form["path"] is not None}


@dataclass(frozen=True)
class Published:
    """A published issue of a day; `is_new` is true when this run published it."""

    issue: int
    entry_sha256: str
    is_new: bool
    packages: tuple[Package, ...]


@dataclass(frozen=True)
class Closing:
    """What the day entry needs besides the packages: the number of gaps the day was closed with, and the signer."""

    gaps: int
    signer: Signer


def publish(edition: Edition, record: BuildRecord, closing: Closing) -> Published:
    """Publish the build record and return the issue: the newest one when it already has the same manifests, else a new one.

    The function may stop at any point and be run again: manifests of an unpublished issue are overwritten, the day entry is created only
    once, and its copies and the indexes are added where they are missing.
    """
    area, day = edition.exchange, edition.date
    newest = final_issue(area, day)
    stood = leaves(area, day, newest)
    if newest:
        manifests = _manifests(edition, newest, record, closing.signer)
        if {one.recipient_id: sha256(one.content) for one in manifests} == stood.manifests:
            _hand_out(edition, newest, manifests)
            write_indexes(edition, newest, _contents(manifests), closing.signer)
            return _published(edition, newest, manifests, is_new=False)
    issue = newest + 1
    manifests = _manifests(edition, issue, record, closing.signer)
    _put_all(area.put, _manifest_files(edition, issue, manifests, closing.signer))
    inputs = {**edition.inputs.document(), "versions": record.versions}
    area.put(day_entry_path(day, issue, "inputs.json"), canonical(inputs))
    _create_entry(edition, issue, manifests, closing)
    _hand_out(edition, issue, manifests)
    write_indexes(edition, issue, _contents(manifests), closing.signer)
    return _published(edition, issue, manifests, is_new=True)


def differing(edition: Edition, record: BuildRecord, signer: Signer) -> list[str]:
    """Return the recipients whose published manifest differs from the one the build record gives now."""
    issue = final_issue(edition.exchange, edition.date)
    stood = leaves(edition.exchange, edition.date, issue).manifests
    now = {one.recipient_id: sha256(one.content) for one in _manifests(edition, issue, record, signer)}
    return sorted(name for name in {*stood, *now} if stood.get(name) != now.get(name))


def _manifests(edition: Edition, issue: int, record: BuildRecord, signer: Signer) -> list[Manifest]:
    earlier = edition.facts.predecessor
    before = leaves(edition.exchange, earlier.business_date, earlier.issue).manifests if earlier else {}
    found = []
    for recipient, forms in record.by_recipient():
        document = manifest(edition.facts, issue, forms, before.get(recipient), signer.named)
        found.append(Manifest(recipient, canonical(document), tuple(forms)))
    return found


def _contents(manifests: list[Manifest]) -> dict[str, bytes]:
    return {one.recipient_id: one.content for one in manifests}


def _manifest_files(edition: Edition, issue: int, manifests: list[Manifest], signer: Signer) -> Iterable[tuple[str, bytes]]:
    for one in manifests:
        prefix = package_prefix(one.recipient_id, edition.date, issue)
        yield f"{prefix}/manifest.json", one.content
        yield f"{prefix}/manifest.sig", signer.sign(one.content)


def _create_entry(edition: Edition, issue: int, manifests: list[Manifest], closing: Closing) -> None:
    """Create the day entry, which publishes the issue; leaves and signature are written before it.

    Raises:
        DeliveryError: another run published the same issue first.
    """
    area, day = edition.exchange, edition.date
    tree = merkle.Tree([merkle.leaf(one.content) for one in manifests])
    replaces = sha256(area.get(day_entry_path(day, issue - 1))) if issue > 1 else None
    document = day_entry(edition.facts, issue, replaces, (len(manifests), tree.root), (closing.gaps, closing.signer.named))
    content = canonical(document)
    below = Leaves(
        edition.facts.rules_sha256,
        {one.recipient_id: sha256(one.content) for one in manifests},
        {one.recipient_id: frozenset(one.payloads) for one in manifests},
        {name: one.model_dump(mode="json", by_alias=True) for name, one in edition.declared.items()},
    )
    area.put(day_entry_path(day, issue, "leaves.json"), canonical(below.document()))
    area.put(day_entry_path(day, issue, "sig"), closing.signer.sign(content))
    if not area.put_new(day_entry_path(day, issue), content):
        found = f"issue {issue} was published by another run at the same moment."
        raise DeliveryError(Problem(f"business day {day}", found, "", "run returns_publish again: it compares with that issue.").text())


def _hand_out(edition: Edition, issue: int, manifests: list[Manifest]) -> None:
    """Copy the day entry and the recipient's proof into every package that lacks them."""
    area, day = edition.exchange, edition.date
    entry, signature = area.get(day_entry_path(day, issue)), area.get(day_entry_path(day, issue, "sig"))
    hashes = [merkle.leaf(one.content) for one in manifests]
    tree = merkle.Tree(hashes)

    def files() -> Iterable[tuple[str, bytes]]:
        for index, one in enumerate(manifests):
            prefix = package_prefix(one.recipient_id, day, issue)
            yield f"{prefix}/day.json", entry
            yield f"{prefix}/day.sig", signature
            yield f"{prefix}/proof.json", canonical(proof(day, issue, index, hashes, tree))

    _put_all(area.put_new, files())


def _put_all(put: Callable[[str, bytes], object], files: Iterable[tuple[str, bytes]]) -> None:
    with ThreadPoolExecutor(PARALLEL_PUTS) as pool:
        for _ in pool.map(lambda file: put(*file), files):
            pass


def _published(edition: Edition, issue: int, manifests: list[Manifest], *, is_new: bool) -> Published:
    """Return the issue with its packages.

    A payload counts as referred when the recipient's package of the predecessor or of the previous issue has it, else as written.
    """
    area, earlier = edition.exchange, edition.facts.predecessor
    before = leaves(area, earlier.business_date, earlier.issue).payloads if earlier else {}
    issued = leaves(area, edition.date, issue - 1).payloads
    packages = []
    for one in manifests:
        known = before.get(one.recipient_id, frozenset()) | issued.get(one.recipient_id, frozenset())
        written = [size for path, size in one.payloads.items() if path not in known]
        referred = [size for path, size in one.payloads.items() if path in known]
        packages.append(
            Package(
                one.recipient_id,
                edition.date,
                issue,
                recipient_folder(one.recipient_id),
                sha256(one.content),
                forms=sum(form["form"] != "cover" and form["rows"] > 0 for form in one.forms),
                rows=sum(form["rows"] for form in one.forms if form["form"] == "rows"),
                files_written=len(written),
                files_referred=len(referred),
                bytes_written=sum(written),
                bytes_referred=sum(referred),
            )
        )
    return Published(issue, sha256(area.get(day_entry_path(edition.date, issue))), is_new, tuple(packages))
