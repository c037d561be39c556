"""What runs the commands of a page: blocks are read whole, what a page shows and nobody said is found, a failure ends a block."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.e2e.terminal import Block, Terminal, blocks, missing

pytestmark = pytest.mark.fast
PAGE = """\
# Title

## 1. First

```sh
export PLACE=$PWD/below
mkdir below && cd below
cat > it <<'END'
huiliu is a word here
END
huiliu contracts \\
check  # exit code 3
```

```text
a … line

…
another
```

```csv
no,command
```
"""


def test_a_block_is_read_with_what_it_shows() -> None:
    (found,) = blocks(PAGE)
    assert [one.splitlines()[0] for one in found.commands] == [
        "export PLACE=$PWD/below", "mkdir below && cd below", "cat > it <<'END'", "huiliu contracts \\",
    ]  # fmt: skip
    assert (found.chapter, found.shown, found.code) == ("1. First", ("a … line", "another"), 3)


@pytest.mark.parametrize(
    ("said", "left"),
    [
        ("a longer line\nmore\n another  \n", []),
        ("a longer line\n", ["another"]),
        ("another\na longer line\n", ["another"]),
        ("a short one\nanother\n", ["a … line", "another"]),
    ],
)
def test_what_was_not_said_in_that_order_is_missing(said: str, left: list[str]) -> None:
    assert missing(("a … line", "another"), said) == left


def test_folder_and_variables_last_and_the_first_failure_ends_the_block(tmp_path: Path) -> None:
    (of_page,) = blocks(PAGE)
    terminal = Terminal(tmp_path, dict(os.environ), given_before=("left out",))
    commands = (*of_page.commands[:3], "left out", "cat $PLACE/it", "huiliu job gate", "touch after")
    code, said = terminal.run(Block("", commands, (), 0))
    assert terminal.folder == tmp_path / "below"
    assert (code, said.splitlines()[0]) == (2, "huiliu is a word here")
    assert "Missing option" in said
    assert not (tmp_path / "below" / "after").exists()
