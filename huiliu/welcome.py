"""The closing lines of `make run`: where to look at the results (Airflow, Data Docs, a package, a query)."""

from __future__ import annotations

import shlex
from datetime import date

from application.services import addresses, start_page
from lakehouse.config import PROJECT, Instance
from lakehouse.naming import package_prefix
from lakehouse.objects import open_area
from lakehouse.ops import connect, days, packages


def where_to_look(instance: Instance, day: date) -> str:
    """Return the closing lines of `make run`."""
    command = shlex.quote(str(PROJECT / ".venv/bin/huiliu"))
    with connect(instance) as connection:
        newest = days.newest_issue(connection, day)
        made = packages.of_issue(connection, day, newest.issue) if newest else []
    community = next((one for one in made if one.level == "community" and one.rows), None)
    lines = ["", "Where to look", f"  start page   {start_page(instance)}  (leads to everything below; for a browser on this machine)"]
    lines.append(f"  Airflow UI   {addresses(instance)['airflow']}")
    lines.append(f"  Data Docs    {instance.folder('derived', 'gx')}/uncommitted/data_docs/local_site/index.html")
    if community and newest:
        prefix = package_prefix(community.recipient_id, day, newest.issue)
        package = open_area(instance, "exchange").local_path(prefix) or prefix
        lines.append(f"  a package    {package}")
        lines.append(
            f"               {command} verify {package} --key {instance.key_path('signing.pub')} --recipient {community.recipient_id}"
        )
    lines.append(f'  a query      {command} sql "select district_code, count(*) as people from base.person group by 1 order by 1"')  # noqa: S608 the query is only printed
    lines.append(f"  dictionary   {instance.folder('derived', 'docs') / 'dictionary.html'}")
    lines.append(f"  the report   {instance.folder('derived', 'report') / f'{day}.html'}")
    return "\n".join(lines)
