"""What a check found: refusals, notes, and the files under their names for people, in Chinese and English."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from huiliu_verify.language import Text

Document = dict[str, Any]
ALLOWED = {
    "extra": Text("清单列出的文件", "the files the manifest names"),
    "missing": Text("清单列出的全部文件", "every file the manifest names"),
    "algorithm": Text("Ed25519 签名", "a signature by Ed25519"),
    "key": Text("发送方的公钥", "the sender's public key"),
    "payload": Text("与清单的哈希一致的内容", "content with the hash the manifest has"),
    "recipient": Text("发给您的数据包", "a package for you"),
}
FETCH = Text("不要使用；重新取回整个文件夹，仍不行请联系发送方。", "do not use it; fetch the folder again, then ask the sender.")
FIX = {
    "extra": Text("把不属于数据包的文件移走。", "move away what does not belong to the package."),
    "format": Text("使用更新的 huiliu-verify，或重新取回。", "use a newer huiliu-verify, or fetch it again."),
    "key": Text("与发送方核对公钥指纹（keys 文件夹中的说明）。", "compare the fingerprint with the sender (see the folder keys)."),
    "recipient": Text("删除它，并告知发送方。", "delete it, and tell the sender."),
}


@dataclass(frozen=True)
class Refusal:
    """One reason why a package is refused: a fixed code, the file, and what is wrong in both languages."""

    code: str
    where: str
    reason: str
    reason_zh: str

    def text(self, language: str) -> str:
        """Return the refusal as lines: where, what was found, what is allowed, how to fix it."""
        lines = [f"{self.where}:", f"  {Text(self.reason_zh, self.reason).to(language)} [{self.code}]"]
        if self.code in ALLOWED:
            lines.append(f"  {Text('允许', 'Allowed').to(language)}: {ALLOWED[self.code].to(language)}")
        return "\n".join([*lines, f"  {Text('处理', 'Fix').to(language)}: {FIX.get(self.code, FETCH).to(language)}"])


@dataclass(frozen=True)
class NamedFile:
    """A payload under its name for people; `contents_since` is the date since which it has had these bytes, where an index says it."""

    name: str
    path: str
    sha256: str
    bytes: int
    return_id: str | None = None
    form: str | None = None
    contents_since: str | None = None
    place: Path | None = None


@dataclass
class Verification:
    """The result of checking a package; a package without refusals is good. Notes are about good packages too.

    Attributes:
        payloads: path → where the payload was found, for payloads that are good.
        named: the payloads under their names for people.
        recipient_name: the recipient's name, where an index says it.
        files: the number of payloads.
    """

    refusals: list[Refusal] = field(default_factory=list)
    notes: list[Text] = field(default_factory=list)
    manifest: Document = field(default_factory=dict)
    payloads: dict[str, Path] = field(default_factory=dict)
    named: list[NamedFile] = field(default_factory=list)
    recipient_name: str = ""
    files: int = 0

    @property
    def ok(self) -> bool:
        """Return whether the package is good."""
        return not self.refusals

    def refuse(self, code: str, where: str, reason: str, reason_zh: str) -> None:
        """Add a refusal."""
        self.refusals.append(Refusal(code, where, reason, reason_zh))
