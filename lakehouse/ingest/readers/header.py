"""Check the header of a delivery that has one: exactly the declared names, each once, in any order."""

from __future__ import annotations

from collections.abc import Sequence

from lakehouse.ingest.readers.records import refusal

MOST_TOLD = 40  # columns: a broken line end may put thousands of fields into the header


def check_header(found: Sequence[str], declared: set[str], where: str) -> None:
    """Check that the names in a header are exactly the declared ones.

    Names that are not declared are reported by their position only: in a file without a header they are data.

    Raises:
        SourceError: names are missing, twice or not declared; the whole delivery is refused.
    """
    missing = sorted(declared.difference(found))
    unknown = [str(place) for place, name in enumerate(found, 1) if name not in declared]
    twice = sorted({name for name in found if name in declared and found.count(name) > 1})
    problems = []
    if missing:
        problems.append(f"missing: {', '.join(missing)}")
    if twice:
        problems.append(f"more than once: {', '.join(twice)}")
    if unknown:
        more = f" and {len(unknown) - MOST_TOLD} more" if len(unknown) > MOST_TOLD else ""
        problems.append(f"not declared: column {', '.join(unknown[:MOST_TOLD])}{more}")
    if problems:
        fix = "send the file again with exactly these header names, in any order."
        raise refusal(f"{where}: header", "; ".join(problems) + ".", ", ".join(sorted(declared)), fix)
