"""The wheel does its work in a fresh environment that has nothing else, as at an office that has none of the platform."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

from huiliu_verify.signing import grouped, load_public_key
from lakehouse.config import PROJECT
from tests.lakehouse.returns.town import FIRST, SECOND, Resident, Town

pytestmark = pytest.mark.e2e

MINE = "v-449901001001"
BELOW_CRYPTOGRAPHY = {"cffi", "pycparser", "typing-extensions"}


def run(*command: str | Path, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command that knows nothing of this project's environment."""
    known = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV", "UV_", "HUILIU_"))}
    return subprocess.run(
        [str(one) for one in command], cwd=cwd, env=known | environment, capture_output=True, encoding="utf-8", check=False, timeout=120
    )


def installed(folder: Path) -> Path:
    """Return the folder of commands of a fresh environment with the wheel."""
    uv = Path(sys.executable).with_name("uv")
    built = run(uv, "build", "--wheel", "--quiet", "--no-create-gitignore", "--out-dir", folder, PROJECT / "verify", cwd=folder)
    assert built.returncode == 0, built.stderr
    [wheel] = folder.glob("*.whl")
    assert wheel.name == "huiliu_verify-0.1.0-py3-none-any.whl"
    assert {name.split("/")[0] for name in zipfile.ZipFile(wheel).namelist()} == {"huiliu_verify", "huiliu_verify-0.1.0.dist-info"}
    venv.create(folder / "env", with_pip=True)
    commands = folder / "env" / "bin"
    done = run(commands / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", wheel, cwd=folder)
    assert done.returncode == 0, done.stderr
    return commands


def test_wheel_alone_verifies_and_names_and_refuses(tmp_path: Path) -> None:
    town = Town(tmp_path)
    town.publish(FIRST, [Resident("a")])
    town.publish(SECOND, [Resident("a"), Resident("b")])
    office = tmp_path / "办公室"
    office.mkdir()
    mine = Path(shutil.copytree(town.home / "exchange" / "community" / MINE, office / "社区"))
    commands = installed(office)
    listed = run(commands / "python", "-m", "pip", "list", "--format=freeze", "--disable-pip-version-check", cwd=office).stdout
    names = {line.partition("==")[0].lower() for line in listed.splitlines()}
    assert names - BELOW_CRYPTOGRAPHY - {"pip", "setuptools"} == {"huiliu-verify", "cryptography"}

    said = grouped(load_public_key(town.key).fingerprint)
    asked = (commands / "huiliu-verify", mine, "--key", said)
    good = run(*asked, "--copy-to", office / "打开", "--recipient", MINE, cwd=office, HUILIU_LANG="zh", PYTHONIOENCODING="gbk")
    assert (good.returncode, good.stderr) == (0, "")
    assert good.stdout.startswith(f"合格：晨光社区居民委员会 {MINE}，2026-06-02")
    [saved] = (office / "打开").iterdir()
    assert saved.name == "晨光社区居民委员会_2026-06-02.xlsx"
    assert saved.read_bytes() in {path.read_bytes() for path in (mine / "content").iterdir()}

    package = mine / "2026-06-02" / "1" / "manifest.json"
    package.write_bytes(package.read_bytes().replace(b'"rows":2', b'"rows":1', 1))
    refused = run(commands / "python", "-m", "huiliu_verify", mine, "--key", said, cwd=office, LANG="C", LC_ALL="C")
    assert refused.returncode == 1
    assert "manifest.json:\n  was altered, or manifest.sig is not its signature. [signature]" in refused.stdout
