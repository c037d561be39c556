"""Who may read what an instance has written."""

from __future__ import annotations

import stat
from pathlib import Path

PUBLIC = "signing.pub"


def assert_closed(home: Path) -> None:
    """Fail unless all folders and files of an instance are its user's alone, and its public key is for everybody."""
    modes = dict(filter(None, map(_mode, [home, *home.rglob("*")])))
    assert modes.pop(home / "keys" / PUBLIC) == 0o644
    open_ = {str(path.relative_to(home)): oct(mode) for path, mode in modes.items() if mode & 0o077}
    assert not open_, f"{len(open_)} of {len(modes)} can be read by others: {dict(list(open_.items())[:10])}"


def _mode(path: Path) -> tuple[Path, int] | None:
    """Return a path with its permissions; None for a link, and for what a running service removes meanwhile."""
    try:
        found = path.lstat().st_mode
    except FileNotFoundError:
        return None
    return None if stat.S_ISLNK(found) else (path, stat.S_IMODE(found))
