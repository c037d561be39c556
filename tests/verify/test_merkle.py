"""Merkle proofs: every leaf has a path to the root, and no other leaf, place or path is accepted."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from huiliu_verify import merkle

pytestmark = pytest.mark.fast


@given(st.integers(1, 40), st.data())
@settings(deadline=None)
def test_path_leads_to_the_root_from_its_own_leaf_only(count: int, data: st.DataObject) -> None:
    leaves = [merkle.leaf(str(place).encode()) for place in range(count)]
    tree = merkle.Tree(leaves)
    place = data.draw(st.integers(0, count - 1))
    path = tree.path(place)
    assert merkle.root_from(leaves[place], place, count, path) == tree.root
    assert merkle.root_from(merkle.leaf(b"other"), place, count, path) != tree.root
    assert merkle.root_from(leaves[place], place, count, [*path, leaves[0]]) is None
    if path:
        assert merkle.root_from(leaves[place], place, count, path[:-1]) is None
    other = data.draw(st.integers(0, count))
    if other != place:
        assert merkle.root_from(leaves[place], other, count, path) != tree.root


def test_tree_is_the_one_of_rfc_9162() -> None:
    """The tree of three leaves: the third moves up unpaired."""
    one, two, three = (hashlib.sha256(b"\x00" + content).digest() for content in (b"a", b"b", b"c"))
    pair = hashlib.sha256(b"\x01" + one + two).digest()
    assert merkle.Tree([merkle.leaf(content) for content in (b"a", b"b", b"c")]).root == hashlib.sha256(b"\x01" + pair + three).digest()
