"""Choose between Chinese and English: `HUILIU_LANG` (zh or en), else the language of the system."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass

ZH, EN = "zh", "en"
LOCALES = ("LC_ALL", "LC_MESSAGES", "LANG")
CHINESE_UI = 0x04  # primary language id of Windows


@dataclass(frozen=True)
class Text:
    """A text for people in both languages."""

    zh: str
    en: str

    def to(self, language: str) -> str:
        """Return the text in a language."""
        return self.zh if language == ZH else self.en


def chosen(environment: Mapping[str, str] | None = None) -> str:
    """Return `zh` or `en`: what `HUILIU_LANG` says, else the first locale that is set, else what Windows shows its user."""
    known = os.environ if environment is None else environment
    wish = known.get("HUILIU_LANG", "").lower()
    if wish[:2] in (ZH, EN):
        return wish[:2]
    said = next((known[name] for name in LOCALES if known.get(name)), "")
    if said:
        return ZH if said.lower().startswith(ZH) else EN
    return _of_windows() if sys.platform == "win32" else EN


def _of_windows() -> str:
    import ctypes

    library = getattr(ctypes, "windll", None)
    found = library.kernel32.GetUserDefaultUILanguage() if library is not None else 0
    return ZH if found & 0x3FF == CHINESE_UI else EN


def speak_utf8() -> None:
    """Write UTF-8 also into pipes and files, where Windows would write the code page of its user."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(encoding="utf-8", errors="replace")
