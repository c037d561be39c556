"""The resources known to the oracle: one page per resource, found by its file name.

A new resource needs one more file here. The names below are for tests about a single resource; nothing iterates over them.
"""

from __future__ import annotations

from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

from tests.oracle.shape import Page

CERTIFICATE, PERMIT, ENTERPRISE = "p_disability_certificate", "c_residence_permit", "c_enterprise_registration"
HOUSEHOLD, ADDRESS, ASSISTANCE = "c_household_registration", "c_standard_address", "d_assistance_approval"
ELDERLY, LEDGER, CHECK, EVENT = "s_elderly_service_list", "v_resident_ledger", "g_person_check", "g_grid_event"


def declared(folder: Path) -> dict[str, Page]:
    """Return the `PAGE` of every module of a folder, by the code of the resource, which is the module's name."""
    found = {}
    for path in sorted(folder.glob("[!_]*.py")):
        spec = spec_from_file_location(f"{__name__}.{path.stem}", path)
        assert spec
        assert spec.loader
        module = module_from_spec(spec)
        spec.loader.exec_module(module)
        found[path.stem] = module.PAGE
    return found


RESOURCES = declared(Path(__file__).parent)
