"""A source is asked again on purpose only: what cannot be asked, or not from a day, is refused before anything is done."""

from __future__ import annotations

from datetime import date

import pytest
from typer.testing import CliRunner

from huiliu.main import app
from lakehouse.errors import ConfigError
from lakehouse.jobs import JobRequest
from spark_jobs.jobs import reconcile
from tests.plugin.servers import at, tiny_instance

pytestmark = pytest.mark.fast
REGISTER, LIST = "c_household_registration", "s_elderly_service_list"


@pytest.mark.parametrize(
    ("command", "told"),
    [
        (f"job extract --date 2026-06-02 --resource {REGISTER} --since 2026-05-01", "--since:\n  says from which day to ask again."),
        (f"ingest {REGISTER} --date 2026-06-02 --since 2026-05-01", "Fix: add --refetch."),
        (f"job gate --date 2026-06-02 --resource {REGISTER} --refetch", "job gate:\n  asks no source, so it cannot ask one again."),
        (f"ingest {REGISTER} --date 2026-06-02", "no file is named.\n  Allowed: FILE…, or --refetch"),
        (f"ingest {REGISTER} file.csv --date 2026-06-02 --refetch", "files are named, and the source is to be asked again."),
        (f"ingest {LIST} --date 2026-06-02 --refetch", "its deliveries are files (csv), which cannot be asked for."),
    ],
)
def test_what_cannot_be_asked_again_is_refused(command: str, told: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    with at(tiny_instance(tmp_path_factory.mktemp("home"))):
        done = CliRunner().invoke(app, command.split())
    assert isinstance(done.exception, ConfigError)
    assert told in str(done.exception)


@pytest.mark.parametrize(
    ("resource", "told"), [(LIST, "its contract asks for no comparison of the whole source."), (None, "no resource was named.")]
)
def test_only_a_source_that_is_to_be_compared_is(resource: str | None, told: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    with pytest.raises(ConfigError, match=told):
        reconcile.run(tiny_instance(tmp_path_factory.mktemp("home")), JobRequest(date(2026, 6, 2), resource))
