"""Check a package as its recipient would: `python -m huiliu.verify PATH --key PUB` needs the package and the sender's public key only.

The operator's command `huiliu verify` checks and shows the same (huiliu/returns.py).
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from lakehouse.verification.signing import KeyFileError, load_public_key
from lakehouse.verification.verifier import Verification, verify_package

Package = Annotated[Path, typer.Argument(help="Folder of the package: <recipient>/<date>/<issue>.")]
Key = Annotated[Path, typer.Option("--key", help="Public key of the sender (PEM file), received apart from the package.")]
Recipient = Annotated[str, typer.Option(help="Your recipient id, e.g. v-440402001001; a package for somebody else is refused.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]


def verify(path: Package, key: Key, recipient: Recipient = "", as_json: Json = False) -> None:
    """Check a package as its recipient would; exit code 0 only when it is complete, unaltered and published."""
    try:
        found = verify_package(path, load_public_key(key), recipient or None)
    except KeyFileError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    show(path, found, as_json)


def show(path: Path, found: Verification, as_json: bool) -> None:
    """Print what a check found; exit with code 1 when the package is refused."""
    typer.echo(json.dumps(_facts(found), ensure_ascii=False) if as_json else _text(path, found))
    if not found.ok:
        raise typer.Exit(1)


def _facts(found: Verification) -> dict[str, object]:
    manifest = found.manifest
    named = {name: manifest.get(name) for name in ("business_date", "issue")}
    whom = manifest.get("recipient", {}).get("id")
    return {"ok": found.ok, "recipient": whom, **named, "files": found.files, "refusals": [asdict(one) for one in found.refusals]}


def _text(path: Path, found: Verification) -> str:
    if not found.ok:
        return "\n".join([f"refused: {path}", *(f"  {refusal.code}: {refusal.reason}" for refusal in found.refusals)])
    manifest = found.manifest
    lines = [f"good: {manifest['recipient']['id']}, {manifest['business_date']}, issue {manifest['issue']}, {found.files} payload files"]
    for one in manifest["returns"]:
        forms = ", ".join(f"{form['form']} {form['rows']}" for form in one["forms"])
        lines.append(f"  {one['return_id']} {one['version']}: {forms}; pending locality {one['pending_locality']}")
    return "\n".join(lines)


if __name__ == "__main__":
    typer.run(verify)
