"""Load what the row rules of an instance may use: code tables, the city's region tree, time zone and departments."""

from __future__ import annotations

from pyspark.sql import SparkSession

from lakehouse.city.departments import load_departments
from lakehouse.city.regions import load_regions
from lakehouse.config import Instance
from lakehouse.declarations.codes import load_code_tables
from spark_jobs.transforms.rules.scope import RuleScope


def rule_scope(spark: SparkSession, instance: Instance) -> RuleScope:
    """Return what the instance's row rules may use.

    Raises:
        ContractError, ConfigError: a code table, the region tree or the list of departments is wrong.
    """
    codes = load_code_tables(instance.settings.contracts)
    regions, departments = load_regions(instance.city_folder), load_departments(instance.city_folder)
    return RuleScope(spark, codes, regions, instance.city.timezone, departments)
