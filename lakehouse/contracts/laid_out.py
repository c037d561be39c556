"""Return a contract as the deliveries of a business date are laid out, and check that every layout can be read."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

from lakehouse.contracts.layouts import Layout
from lakehouse.contracts.model import ApiSource, Contract, CsvSource, PostgresSource, Source, XlsxSource
from lakehouse.contracts.sources import Misfit, misfits

READ_BY: dict[type, tuple[str, ...]] = {
    CsvSource: ("encoding", "delimiter", "header_from", "header_rows"),
    XlsxSource: ("sheet", "header_from", "header_rows"),
}
SETTINGS = ("encoding", "delimiter", "header_from", "header_rows", "sheet")


def laid_out(contract: Contract, on: date) -> Contract:
    """Return the contract whose source and columns are those of the layout that holds on a business date.

    Its columns are the ones these deliveries have, in the order of the layout; a reader needs to know nothing else of layouts.
    """
    layout = next((one for one in contract.layouts if one.covers(on)), None)
    if layout is None:
        return contract
    columns = {column.name: column for column in contract.columns}
    return contract.model_copy(
        update={
            "columns": tuple(columns[name].model_copy(update={"source_name": spelled}) for name, spelled in layout.names.items()),
            "source": _source(contract.source, layout, {columns[name].source_name: spelled for name, spelled in layout.names.items()}),
        }
    )


def unreadable(layout: Layout, source: Any, provider: Any) -> Iterator[Misfit]:
    """Yield the settings of a layout that its kind of source cannot be read with."""
    usable = READ_BY.get(type(source), ())
    told = {name: name if name not in ("header_from", "header_rows") else Layout.model_fields[name].alias or name for name in SETTINGS}
    for name in SETTINGS:
        if getattr(layout, name) is not None and name not in usable:
            fix = "remove it; only names and absent columns differ there."
            yield Misfit(told[name], f"a source of kind {source.kind} has none.", ", ".join(told[one] for one in usable), fix)
    allowed = range(1, 6) if isinstance(source, XlsxSource) else range(2)
    if layout.header_rows is not None and layout.header_rows not in allowed:
        yield Misfit("headerRows", f"a source of kind {source.kind} cannot have {layout.header_rows}.", ", ".join(map(str, allowed)))
        return
    replaced = _source(source, layout, {})
    if layout.order and getattr(replaced, "header_rows", 1) != 0:
        yield Misfit("order", "the columns are found by the names in the header.", "headerRows: 0", "leave the order out.")
    yield from (misfit for misfit in misfits(replaced, provider, None) if misfit.key in SETTINGS)


def _source(source: Source, layout: Layout, renamed: dict[str, str]) -> Source:
    """Return the source with the settings of a layout; the watermark is called as its column is."""
    given = {name: getattr(layout, name) for name in READ_BY.get(type(source), ()) if getattr(layout, name) is not None}
    if isinstance(source, PostgresSource | ApiSource) and source.watermark in renamed:
        given["watermark"] = renamed[source.watermark]
    return source.model_copy(update=given)
