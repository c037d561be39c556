"""Keep the description of the datasets, so that a job reads one file (`derived/openlineage.json`) instead of all declarations.

It changes only with the declarations and the places of the instance.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from functools import lru_cache
from uuid import uuid4

from lakehouse.config import Instance
from lakehouse.telemetry import facets
from lakehouse.telemetry.datasets import Catalogue, Dataset
from lakehouse.telemetry.descriptions import describe, read

FORM = 1  # of the kept file; counts up when that changes


def catalogue(instance: Instance) -> Catalogue:
    """Return the datasets of an instance; they are described again when a declaration or a setting has changed."""
    return _kept(instance, _fingerprint(instance))


@lru_cache(maxsize=4)
def _kept(instance: Instance, fingerprint: str) -> Catalogue:
    path = instance.folder("derived") / "openlineage.json"
    try:
        kept = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        kept = {}
    if kept.get("fingerprint") == fingerprint:
        return Catalogue({key: Dataset(**one) for key, one in kept["datasets"].items()}, kept["rules"], kept["parents"], kept["returns"])
    found = describe(instance, read(instance.settings.contracts, instance.settings.dbt_project, _files(instance)))
    scratch = path.with_suffix(f".{uuid4().hex}.new")  # several jobs may describe at once; the last one stands
    scratch.write_text(json.dumps({"fingerprint": fingerprint, **asdict(found)}, ensure_ascii=False), "utf-8")
    scratch.rename(path)
    return found


def _fingerprint(instance: Instance) -> str:
    """Return a hash of all that the descriptions depend on: the declarations, and the places of the instance."""
    places = [str(instance.home), instance.store, sorted(instance.settings.connections.items()), facets.producer(), FORM]
    return hashlib.sha256(repr((_files(instance), places)).encode()).hexdigest()


def _files(instance: Instance) -> str:
    """Return a hash of the names, sizes and times of all declarations."""
    folders = (instance.settings.contracts, instance.settings.dbt_project / "models")
    files = [path for folder in folders for path in sorted(folder.rglob("*")) if path.suffix in (".yaml", ".yml", ".sql")]
    seen = [(str(path), (stat := path.stat()).st_mtime_ns, stat.st_size) for path in files]
    return hashlib.sha256(repr(seen).encode()).hexdigest()
