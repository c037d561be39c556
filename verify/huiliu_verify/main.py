"""The program `huiliu-verify`: check a package as its recipient, say which file to open, and save it under its name for people."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

from huiliu_verify import report
from huiliu_verify.language import Text, chosen, speak_utf8
from huiliu_verify.saving import SavingError, save
from huiliu_verify.signing import KeyFileError, find_key, keys_in
from huiliu_verify.verifier import verify_folder

REFUSED, NOT_CHECKED = 1, 2
HELP = {
    "about": Text("核对回流数据包，说明应打开哪个文件。", "Check a package of the return flow and say which file to open."),
    "folder": Text(
        "数据包文件夹（…/日期/次数），或您单位的文件夹（其中有 index.json，核对最新一期）",
        "folder of a package (…/date/issue), or your own folder with index.json: then its newest package",
    ),
    "key": Text("发送方的公钥文件，或经电话核对的指纹（64 位）", "the sender's key file, or its fingerprint as compared (64 digits)"),
    "recipient": Text("您的接收编号，如 v-440402001001；发给他人的不合格", "your recipient id: what is for others is refused"),
    "date": Text("业务日期（与您单位的文件夹连用；默认最新）", "business date, with your own folder; default: the newest"),
    "copy_to": Text("合格后以易读的名字存入此文件夹", "save the files of a good package here under their names"),
    "json": Text("输出 JSON", "print one JSON object"),
    "exit": Text("退出码：0 合格；1 不合格或出错；2 没有核对。", "Exit codes: 0 good; 1 refused, or an error; 2 nothing was checked."),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program and return its exit code: 0 good, 1 refused or an error, 2 nothing was checked."""
    speak_utf8()
    language = chosen()
    said = _parser(language).parse_args(arguments)
    folder: Path = said.folder
    places = [place / "keys" for place in (folder, folder.resolve().parent.parent)]
    if said.key is None:
        _print(report.without_key(folder, keys_in(places), language), sys.stderr)
        return NOT_CHECKED
    try:
        found = verify_folder(folder, find_key(said.key, places), said.recipient, said.date)
        saved = save(found, said.copy_to) if found.ok and said.copy_to is not None else []
    except (KeyFileError, SavingError) as error:
        _print(error.text(language), sys.stderr)
        return REFUSED
    except OSError as error:
        _print(f"{error.filename}:\n  {error.strerror}", sys.stderr)
        return REFUSED
    answer = json.dumps(report.facts(found, saved), ensure_ascii=False) if said.json else report.text(found, folder, language, saved)
    _print(answer, sys.stdout)
    return 0 if found.ok else REFUSED


def _parser(language: str) -> argparse.ArgumentParser:
    words = {name: text.to(language) for name, text in HELP.items()}
    parser = argparse.ArgumentParser("huiliu-verify", description=words["about"], epilog=words["exit"])
    parser.add_argument("folder", type=Path, metavar="FOLDER", help=words["folder"])
    parser.add_argument("--key", metavar="FILE|FINGERPRINT", help=words["key"])
    parser.add_argument("--recipient", metavar="ID", help=words["recipient"])
    parser.add_argument("--date", metavar="DATE", default="", help=words["date"])
    parser.add_argument("--copy-to", type=Path, metavar="FOLDER", help=words["copy_to"])
    parser.add_argument("--json", action="store_true", help=words["json"])
    return parser


def _print(text: str, stream: TextIO) -> None:
    print(text, file=stream)
