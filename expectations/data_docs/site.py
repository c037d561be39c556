"""The site of the Data Docs, as Great Expectations builds it: a page for each suite and each run, and a list of the latest runs.

Building what is new reads and writes only that, and the list; how many runs there have been does not matter.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeAlias

from great_expectations.data_context import FileDataContext
from great_expectations.data_context.types.resource_identifiers import ExpectationSuiteIdentifier, ValidationResultIdentifier

from expectations.data_docs import pages
from expectations.suite import title_of
from lakehouse.pages.rendering import Pair, put

SITES: dict[str, Any] = {
    "local_site": {
        "module_name": "expectations.data_docs.site",
        "class_name": "Site",
        "store_backend": {"class_name": "TupleFilesystemStoreBackend", "base_directory": "uncommitted/data_docs/local_site/"},
    }
}
LISTED = 300
START = Path("../../../../docs/start.html")  # the start page of the instance, as seen from the site
Identifier: TypeAlias = ExpectationSuiteIdentifier | ValidationResultIdentifier


class Site:
    """Builds the pages in the folder that the project names; Great Expectations calls it through `build_data_docs`."""

    def __init__(self, data_context: FileDataContext, root_directory: str, site_name: str, store_backend: dict[str, str]) -> None:
        self.site_name = site_name
        self._context = data_context
        self._folder = Path(root_directory) / store_backend["base_directory"]

    def build(self, resource_identifiers: Sequence[Identifier] | None = None, build_index: bool = True) -> tuple[str, None]:
        """Write the pages of suites and runs (None: of all) and the list of the latest runs; return the address of the list."""
        wanted = resource_identifiers or [
            *self._context.expectations_store.list_keys(),
            *self._context.validation_results_store.list_keys(),
        ]
        runs, titles = [], dict[str, Pair]()
        for one in sorted(wanted, key=lambda one: isinstance(one, ValidationResultIdentifier)):  # suites first: they know their titles
            path = self._path(one)
            home = "../" * len(path.relative_to(self._folder).parent.parts)
            if isinstance(one, ExpectationSuiteIdentifier):
                suite = self._context.suites.get(one.name)
                titles[one.name] = title_of(suite)
                put(path, pages.suite(suite, home))
            else:
                result, address = self._context.validation_results_store.get(one), path.relative_to(self._folder).as_posix()
                run = pages.Run.of(one, result, address, titles.get(result.suite_name))
                put(path, pages.run(run, home))
                runs.append(run)
        if build_index:
            self._list(runs)
        return self.get_resource_url(only_if_exists=False) or "", None

    def clean_site(self) -> None:
        """Remove all pages."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def get_resource_url(self, resource_identifier: Identifier | None = None, only_if_exists: bool = True) -> str | None:
        """Return the address of a page (without an identifier: of the list), None if it must exist and does not."""
        path = self._path(resource_identifier) if resource_identifier else self._folder / "index.html"
        return None if only_if_exists and not path.exists() else path.absolute().as_uri()

    def _all(self) -> list[Identifier]:
        return [*self._context.expectations_store.list_keys(), *self._context.validation_results_store.list_keys()]

    def _path(self, one: Identifier) -> Path:
        section = "expectations" if isinstance(one, ExpectationSuiteIdentifier) else "validations"
        *folders, name = one.to_tuple()
        return self._folder.joinpath(section, *folders, f"{name}.html")

    def _list(self, new: Sequence[pages.Run]) -> None:
        kept = self._folder / "runs.json"
        known = json.loads(kept.read_text("utf-8")) if kept.exists() else []
        runs = {one["page"]: one for one in [*known, *(run.line() for run in new)]}
        listed = sorted(runs.values(), key=lambda one: (one["time"], one["run"], one["suite"]), reverse=True)[:LISTED]
        put(kept, json.dumps(listed, ensure_ascii=False))
        start = self._folder / START
        put(self._folder / "index.html", pages.index(listed, LISTED, START.as_posix() if start.resolve().is_file() else ""))
