"""Make the next item while this one is used: two steps of a stream run side by side."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar, cast

Item = TypeVar("Item")
END = object()


def ahead(items: Iterator[Item]) -> Iterator[Item]:
    """Yield the items, each made in another thread while the one before it is used; an error comes in the place of its item.

    It pays where the work is done outside of Python's lock: Arrow's parsing and writing. No thread is left when the stream is closed.
    """
    with ThreadPoolExecutor(1, "ahead") as pool:
        following = pool.submit(next, items, END)
        while (item := following.result()) is not END:
            following = pool.submit(next, items, END)
            yield cast("Item", item)
