"""Say what a check found: as text for people in Chinese or English, or as facts for programs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from huiliu_verify.findings import NamedFile, Verification
from huiliu_verify.language import Text
from huiliu_verify.signing import PublicKey, grouped

FORMS = {"rows": Text("全部数据", "all rows"), "changes": Text("变更", "changes since the package before")}


def facts(found: Verification, saved: Sequence[Path] = ()) -> dict[str, Any]:
    """Return what was found as a JSON object; `open` are the files for people."""
    manifest = found.manifest
    whom = manifest.get("recipient") if isinstance(manifest.get("recipient"), dict) else {}
    return {
        "ok": found.ok,
        "recipient": (whom or {}).get("id"),
        **{name: manifest.get(name) for name in ("business_date", "issue", "expires_on")},
        "files": found.files,
        "open": [{**asdict(one), "place": str(one.place)} for one in found.named] if found.ok else [],
        "saved": [str(path) for path in saved],
        "notes": [asdict(note) for note in found.notes],
        "refusals": [asdict(refusal) for refusal in found.refusals],
    }


def text(found: Verification, path: Path, language: str, saved: Sequence[Path] = ()) -> str:
    """Return what was found as lines for people: refused and why, or good and which file to open."""
    if not found.ok:
        head = Text(f"不合格，请勿使用：{path}", f"refused, do not use it: {path}")
        return "\n".join([head.to(language), *(refusal.text(language) for refusal in found.refusals)])
    manifest = found.manifest
    day, issue = manifest["business_date"], manifest["issue"]
    whom = " ".join(one for one in (found.recipient_name, manifest["recipient"]["id"]) if one)
    files = found.files
    lines = [Text(f"合格：{whom}，{day}，第 {issue} 次发布，{files} 个文件", f"good: {whom}, {day}, issue {issue}, {files} payload files")]
    lines += [*(_return(one) for one in manifest["returns"]), *found.notes, *_to_open(found.named, saved)]
    expires = manifest["expires_on"]
    lines.append(Text(f"到期日 {expires}：到期请删除。", f"It expires on {expires}: delete it then."))
    return "\n".join(line.to(language) for line in lines)


def _return(one: dict[str, Any]) -> Text:
    named = [(FORMS.get(form["form"], Text(form["form"], form["form"])), form["rows"]) for form in one["forms"]]
    zh = "，".join(f"{form.zh} {rows} 行" for form, rows in named)
    en = ", ".join(f"{form.en} {rows}" for form, rows in named)
    name, pending = f"{one['return_id']} {one['version']}", one["pending_locality"]
    return Text(f"  {name}：{zh}；待定属地 {pending} 行", f"  {name}: {en}; pending locality {pending}")


def _to_open(files: Sequence[NamedFile], saved: Sequence[Path]) -> list[Text]:
    if not files:
        return [Text("本期没有要打开的文件。", "There is no file to open this time.")]
    lines = [Text("请打开：", "Open:")]
    for number, one in enumerate(files):
        form = FORMS.get(one.form or "")
        since = one.contents_since
        zh = "".join(f"，{part}" for part in (form and form.zh, since and f"内容自 {since}") if part)
        en = "".join(f", {part}" for part in (form and form.en, since and f"contents since {since}") if part)
        lines.append(Text(f"  {one.name}（{one.bytes:,} 字节{zh}）", f"  {one.name} ({one.bytes:,} bytes{en})"))
        place = saved[number] if saved else one.place
        lines.append(Text(f"    在 {place}", f"    at {place}"))
    if not saved:
        lines.append(Text("  加上 --copy-to 文件夹，即以此名字保存。", "  --copy-to FOLDER saves it under this name."))
    return lines


def without_key(path: Path, keys: Sequence[PublicKey], language: str) -> str:
    """Return what to do when no key is given: nothing was checked, and a key that came with the files proves nothing by itself."""
    lines = [Text(f"{path}：尚未核对，因为没有给出公钥。", f"{path}: nothing was checked, because no key was given.")]
    for key in keys:
        lines.append(Text("  随文件附带的公钥，指纹为", "  The fingerprint of the key that came with the files is"))
        lines.append(Text(f"    {grouped(key.fingerprint)}", f"    {grouped(key.fingerprint)}"))
    lines.append(
        Text(
            "  请用您早已知道的号码致电发送方，逐组核对指纹（做法见 keys 文件夹中的说明）；全部一致后再运行：",
            "  Call the sender at a number you know already and compare it group by group (see the text in the folder keys). Then run:",
        )
    )
    lines.append(
        Text(f'    huiliu-verify "{path}" --key "对方读出的指纹"', f'    huiliu-verify "{path}" --key "THE FINGERPRINT THEY READ OUT"')
    )
    return "\n".join(line.to(language) for line in lines)
