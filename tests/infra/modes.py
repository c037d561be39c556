"""Who may read what an instance has written."""

from __future__ import annotations

import stat
from pathlib import Path

PUBLIC = "signing.pub"


def assert_closed(home: Path) -> None:
    """Fail unless all folders and files of an instance are its user's alone, and its public key is for everybody."""
    paths = [home, *(path for path in home.rglob("*") if not path.is_symlink())]
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in paths}
    assert modes.pop(home / "keys" / PUBLIC) == 0o644
    open_ = {str(path.relative_to(home)): oct(mode) for path, mode in modes.items() if mode & 0o077}
    assert not open_, f"{len(open_)} of {len(modes)} can be read by others: {dict(list(open_.items())[:10])}"
