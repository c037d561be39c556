"""What a contract says of its earlier versions fits together: added and renamed columns, and migrations."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from lakehouse.config import PROJECT
from lakehouse.contracts.loader import load_contract
from lakehouse.contracts.model import Contract
from lakehouse.errors import ContractError

pytestmark = pytest.mark.fast
LIST = "street/s_elderly_service_list"
PHONE, MONTH = "      - name: phone\n", "      - name: pay_month\n"


def declared(folder: Path, column: str, said: str, migrations: str = "") -> Contract:
    """Return the contract of the list when a column has a further custom property; nothing of the project's folder is changed."""
    shutil.copytree(PROJECT / "contracts" / "codes", folder / "codes")
    path = folder / "resources" / f"{LIST}.odcs.yaml"
    path.parent.mkdir(parents=True)
    text = (PROJECT / "contracts" / "resources" / f"{LIST}.odcs.yaml").read_text("utf-8")
    before, after = text.split(column, 1)
    after = after.replace("customProperties:\n", f"customProperties:\n          - {said}\n", 1) if said else after
    text = before + column + after
    path.write_text(text.replace("schema:\n", f"{migrations}schema:\n", 1), "utf-8")
    return load_contract(path)


def test_a_column_and_a_migration_are_known(tmp_path: Path) -> None:
    of = declared(
        tmp_path / "contracts", PHONE, "{property: added, value: 1.0.0}", "  - {property: migrations, value: [{name: a, key: [phone]}]}\n"
    )
    assert [column.name for column in of.added_columns] == ["phone"]
    assert "phone" not in [column.name for column in of.first_columns]
    assert (of.migrations[0].name, of.migration_of_key()) == ("a", None)  # the key is another one


@pytest.mark.parametrize(
    ("column", "said", "migrations", "found"),
    [
        (MONTH, "{property: added, value: 1.0.0}", "", "was added, but is part of the key: earlier rows have none."),
        (PHONE, "{property: added, value: 1.2.0}", "", "was added by 1.2.0, but the contract is older."),
        (PHONE, "{property: added, value: yes}", "", "added"),
        (PHONE, "{property: renamedFrom, value: [remark]}", "", "renamedFrom names 'remark', which is or was another column."),
        (PHONE, "", "  - {property: migrations, value: [{name: a, columns: [telephone]}]}\n", "there is no column 'telephone'."),
    ],
)
def test_what_does_not_fit_is_refused_by_name(tmp_path: Path, column: str, said: str, migrations: str, found: str) -> None:
    with pytest.raises(ContractError) as told:
        declared(tmp_path / "contracts", column, said, migrations)
    assert found in str(told.value)
