"""Missing prerequisites of the machine are reported before anything is started."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from infra.local import java
from infra.spark import jars
from lakehouse.errors import ConfigError

pytestmark = pytest.mark.fast
HUILIU = Path(sys.executable).with_name("huiliu")


def fake_java(folder: Path, version: str) -> dict[str, str]:
    program = folder / "java"
    program.write_text(f"#!/bin/sh\necho 'openjdk version \"{version}\" 2024-01-16' >&2\n")
    program.chmod(0o755)
    return {"PATH": str(folder)}


def test_java_17_is_found(tmp_path: Path) -> None:
    assert java.find(fake_java(tmp_path, "17.0.15")).major == 17


@pytest.mark.parametrize(("version", "said"), [("11.0.22", "version 11"), ("1.8.0_402", "version 8"), ("25", "version 25")])
def test_java_that_spark_cannot_run_on_is_named(tmp_path: Path, version: str, said: str) -> None:
    with pytest.raises(ConfigError) as error:
        java.find(fake_java(tmp_path, version))
    assert said in str(error.value)
    assert "apt-get install openjdk-17-jre-headless" in str(error.value)


def test_up_without_java_starts_nothing(tmp_path: Path) -> None:
    home = tmp_path / "home"
    environment = {**os.environ, "HUILIU_HOME": str(home), "PATH": "/nonexistent"}
    environment.pop("JAVA_HOME", None)
    done = subprocess.run([HUILIU, "up"], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "`java` is not on the PATH" in done.stderr
    assert "Traceback" not in done.stderr
    assert not home.exists()


def test_jar_that_is_changed_missing_or_unknown_is_refused(tmp_path: Path) -> None:
    (tmp_path / "changed.jar").write_bytes(b"other bytes")
    (tmp_path / "unknown.jar").write_bytes(b"unknown")
    found = [problem.where for problem in jars.mismatches(tmp_path, {"changed.jar": "0" * 64, "missing.jar": "1" * 64})]
    assert found == ["Spark jar changed.jar", "Spark jar missing.jar", "Spark jar unknown.jar"]
