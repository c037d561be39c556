"""Returns what row rules may look at in an instance: its code tables, its city's region tree, its time zone."""

from __future__ import annotations

from pyspark.sql import SparkSession

from lakehouse.codes import load_code_tables
from lakehouse.config import Instance
from lakehouse.regions import load_regions
from spark_jobs.transforms.rules.scope import RuleScope


def rule_scope(spark: SparkSession, instance: Instance) -> RuleScope:
    """Returns the scope of the instance's rules.

    Raises:
        ContractError, ConfigError: a code table or the region tree is wrong.
    """
    codes = load_code_tables(instance.settings.contracts)
    return RuleScope(spark, codes, load_regions(instance.city_folder), instance.city.timezone)
