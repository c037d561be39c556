"""`huiliu sql` accepts only statements that read; how Spark parses them is tested on a real lake in `tests/e2e`."""

from __future__ import annotations

import pytest

from application.sql import reading
from lakehouse.errors import ConfigError

pytestmark = pytest.mark.fast


def test_a_statement_becomes_a_part_of_a_query() -> None:
    assert reading(" select 1 -- one\n; ; ") == "SELECT * FROM (\nselect 1 -- one\n)"
    assert reading("insert into base.person values (1)").startswith("SELECT * FROM (\ninsert")  # which Spark refuses
    assert reading("describe table base.person;") == "describe table base.person"


@pytest.mark.parametrize("word", ["reflect", "java_method", "Try_Reflect", "`reflect`", "IDENTIFIER"])
def test_nothing_reaches_into_java(word: str) -> None:
    with pytest.raises(ConfigError, match="may do more than read"):
        reading(f"select {word}('java.lang.System', 'exit', 1)")
