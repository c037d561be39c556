"""The list of all delivered resources; a new resource needs one line here."""

from __future__ import annotations

from collections.abc import Iterable

from sample_city.sources.assistance_approval import AssistanceApproval
from sample_city.sources.disability_certificate import DisabilityCertificate
from sample_city.sources.elderly_service_list import ElderlyServiceList
from sample_city.sources.enterprise_registration import EnterpriseRegistration
from sample_city.sources.grid_event import GridEvent
from sample_city.sources.household_registration import HouseholdRegistration
from sample_city.sources.person_check import PersonCheck
from sample_city.sources.residence_permit import ResidencePermit
from sample_city.sources.resident_ledger import ResidentLedger
from sample_city.sources.resource import Resource
from sample_city.sources.standard_address import StandardAddress
from sample_city.sources.table_source import TableSource

SOURCES: tuple[type[Resource], ...] = (  # in the order their labels are written
    HouseholdRegistration,
    EnterpriseRegistration,
    ResidencePermit,
    DisabilityCertificate,
    ElderlyServiceList,
    PersonCheck,
    StandardAddress,
    GridEvent,
    ResidentLedger,
    AssistanceApproval,
)


def served(sources: Iterable[type[Resource]] = SOURCES) -> dict[str, str]:
    """Return the tables that the API server serves, by URL path."""
    tables = [source.table for source in sources if issubclass(source, TableSource)]
    return {table.api.path: table.name for table in tables if table.api}
