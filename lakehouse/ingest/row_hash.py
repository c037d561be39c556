"""The hash of a row: SHA-256 over the texts of its kept columns, the same in every batch that holds them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from lakehouse.contracts.model import Contract

compact_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
ESCAPED, IS_ESCAPED = b'"\\' + bytes(range(32)), '["\\\\\\x00-\\x1f]'  # what JSON writes in another way
NOTHING = "\0\0"  # no text; in quotes it is as long as null
NULL = np.frombuffer(b"null", np.uint8)
HEXADECIMAL = 64  # digits of a hash


def added_places(contract: Contract) -> dict[int, str]:
    """Return the places, among the kept columns, of those that were added later, each with the name that hashes know it by."""
    return {place: column.first_name for place, column in enumerate(contract.kept_columns) if column.added is not None}


def row_hash(texts: Sequence[str | None], added: Mapping[int, str] | None = None) -> str:
    """Return the SHA-256 of the kept columns' texts in contract order.

    Columns that were `added` later (place → name) stand behind the others, by name, and only where they have a text: a row that has none
    of them has the hash it had before they came.
    """
    said: list[object] = [text for place, text in enumerate(texts) if place not in added] if added else list(texts)
    if late := {name: texts[place] for place, name in sorted((added or {}).items(), key=lambda one: one[1]) if texts[place]}:
        said.append(late)
    return hashlib.sha256(compact_json(said).encode()).hexdigest()


def row_hashes(columns: Sequence[pa.Array], added: Mapping[int, str] | None = None) -> pa.Array:
    """Return `row_hash` of every row of columns of texts: of rows that JSON writes as they are together, of the others one by one."""
    is_escaped = _escaped(columns)
    digests = np.empty((len(is_escaped), hashlib.sha256().digest_size), np.uint8)
    for kind, digests_of in ((is_escaped, _digests_of_each), (~is_escaped, _digests)):
        if kind.any():
            chosen = columns if kind.all() else [column.filter(pa.array(kind)) for column in columns]
            digests[kind] = np.frombuffer(b"".join(digests_of(chosen, added or {})), np.uint8).reshape(-1, digests.shape[1])
    offsets = np.arange(len(digests) + 1, dtype=np.int32) * HEXADECIMAL
    return pa.StringArray.from_buffers(len(digests), pa.py_buffer(offsets), pa.py_buffer(digests.tobytes().hex().encode()))


def without(texts: pa.Array, mask: pa.Array) -> pa.Array:
    """Return the texts with nothing in the place of some; `if_else` does it wrongly in parts of an array (Arrow issue 49410)."""
    return pc.replace_with_mask(texts, mask.fill_null(False), pa.scalar(None, texts.type))


def _escaped(columns: Sequence[pa.Array]) -> npt.NDArray[np.bool_]:
    """Return for each row whether JSON writes something in it in another way."""
    found = np.zeros(len(columns[0]), np.bool_)
    for column in columns:
        content = _bytes_of(column)
        if len(content.translate(None, ESCAPED)) < len(content):
            found |= pc.match_substring_regex(column, IS_ESCAPED).fill_null(False).to_numpy(zero_copy_only=False)
    return found


def _digests_of_each(columns: Sequence[pa.Array], added: Mapping[int, str]) -> list[bytes]:
    return [bytes.fromhex(row_hash(texts, added)) for texts in zip(*(column.to_pylist() for column in columns), strict=True)]


def _digests(columns: Sequence[pa.Array], added: Mapping[int, str]) -> list[bytes]:
    """Return the digests of rows of which JSON writes every text as it is: the lists are put together for all of them."""
    early = [column for place, column in enumerate(columns) if place not in added]
    if not early:
        return _digests_of_each(columns, added)
    texts = pc.binary_join_element_wise(*early, '","', null_handling="replace", null_replacement=NOTHING)
    rows = pc.binary_join_element_wise('["', texts, _late(columns, added) if added else '"]', "")
    content = np.frombuffer(_bytes_of(rows), np.uint8).copy()
    nothing = np.flatnonzero(content == 0)[::2]
    for place, letter in enumerate(NULL, -1):
        content[nothing + place] = letter
    written, bounds = content.tobytes(), (_offsets(rows) - _offsets(rows)[0]).tolist()
    return [hashlib.sha256(written[start:end]).digest() for start, end in pairwise(bounds)]


def _late(columns: Sequence[pa.Array], added: Mapping[int, str]) -> pa.Array:
    """Return how each row ends: with the texts of columns that were added later, by their names, where it has any."""
    named = sorted((name, columns[place]) for place, name in added.items())
    texts = [without(column, pc.equal(column, "")) for _, column in named]
    pieces = [pc.binary_join_element_wise(f',{compact_json(name)}:"', text, '"', "") for (name, _), text in zip(named, texts, strict=True)]
    joined = pc.binary_join_element_wise(*pieces, "", null_handling="replace")
    braced = pc.binary_join_element_wise('",{', pc.utf8_slice_codeunits(joined, 1), "}]", "")
    return pc.if_else(pc.equal(joined, ""), '"]', braced)


def _bytes_of(texts: pa.Array) -> bytes:
    """Return the texts one behind the other."""
    content, bounds = texts.buffers()[2], _offsets(texts)
    return memoryview(content)[bounds[0] : bounds[-1]].tobytes() if content else b""


def _offsets(texts: pa.Array) -> npt.NDArray[np.int32]:
    """Return where each text begins, and where the last one ends."""
    return np.frombuffer(texts.buffers()[1], np.int32)[texts.offset : texts.offset + len(texts) + 1]
