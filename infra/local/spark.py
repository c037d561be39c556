"""Start the one Spark application of an instance: the Connect server (and Thrift, if asked for), the only writer of Delta tables.

Connect asks for a token, which server and clients have from the environment or from the instance's keys: it stands in no argument of a
process, no setting of Spark and no page. Thrift has no password.
"""

from __future__ import annotations

import os
import re
import sys
from importlib.util import find_spec
from pathlib import Path

from infra.local import keys
from infra.local.ports import HOST, is_answering
from infra.local.programs import Program
from infra.spark import jars
from lakehouse.config import PROJECT, Instance
from lakehouse.errors import ConfigError, Problem
from lakehouse.objects import store_access
from lakehouse.upkeep import terms

CONNECT_SERVER = "org.apache.spark.sql.connect.service.SparkConnectServer"
THRIFT_SERVER = "org.apache.spark.sql.hive.thriftserver.HiveThriftServer2"  # Connect is a plugin in it
TOKEN = "SPARK_CONNECT_AUTHENTICATE_TOKEN"  # noqa: S105 the variable that server and client read
# A city day is many short statements whose generated code runs once, so optimising it costs more than it saves. Ten times the usual
# thresholds keep the optimising compiler for long loops; together with the parallel collector this halves the processor time.
# The compiled code of ten resources' plans overflows the default code cache of 240 MiB, and would be dropped and compiled again all day.
JIT_AND_GC = (
    "-XX:+UseParallelGC -XX:ReservedCodeCacheSize=640m -XX:Tier4InvocationThreshold=50000 -XX:Tier4MinInvocationThreshold=6000"
    " -XX:Tier4CompileThreshold=150000 -XX:Tier4BackEdgeThreshold=400000"
)
# Seen on a busy machine: MinIO answers a PUT with IncompleteBody (400), which no client tries again (minio/minio issue 21425,
# aws/aws-sdk-java-v2 issue 6459). What a task writes becomes visible only when the task is committed, so it may be done again.
TASK_ATTEMPTS = 3
LOGGING = """\
rootLogger.level = warn
rootLogger.appenderRef.stdout.ref = console
appender.console.type = Console
appender.console.name = console
appender.console.target = SYSTEM_ERR
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %d{yyyy-MM-dd'T'HH:mm:ss.SSS}{UTC}Z %p %c{1}: %m%n%ex{20}
# A failed query is one huge line with its text and values: neither the line nor the values belong in a log.
logger.query.name = org.apache.spark.SQLQueryContextLogger
logger.query.level = off
logger.connect.name = org.apache.spark.sql.connect
logger.connect.level = off
logger.thrift.name = org.apache.spark.sql.hive.thriftserver
logger.thrift.level = fatal
logger.executor.name = org.apache.spark.executor.Executor
logger.executor.level = off
logger.tasks.name = org.apache.spark.scheduler.TaskSetManager
logger.tasks.level = off
logger.checkpoint.name = org.apache.spark.rdd
logger.checkpoint.level = error
logger.namespace.name = org.apache.spark.sql.execution.datasources.v2.CreateNamespaceExec
logger.namespace.level = error
logger.conf.name = org.apache.spark.SparkConf
logger.conf.level = error
logger.fields.name = org.apache.spark.sql.catalyst.util.SparkStringUtils
logger.fields.level = error
logger.hive.name = org.apache.hadoop.hive
logger.hive.level = error
logger.hive2.name = org.apache.hive
logger.hive2.level = error
logger.native.name = org.apache.hadoop.util.NativeCodeLoader
logger.native.level = error
"""


def programs(instance: Instance) -> list[Program]:
    """Return the application and, unless the instance goes without, the program that warms it up."""
    return [_application(instance), *([_warmup(instance)] if instance.settings.spark_warmup else [])]


def configuration(instance: Instance) -> dict[str, str]:
    """Return the settings of the application."""
    ports = instance.ports
    return {
        **({"spark.plugins": "org.apache.spark.sql.connect.SparkConnectPlugin"} if instance.settings.thrift else {}),
        "spark.connect.grpc.binding.address": HOST,
        "spark.connect.grpc.binding.port": str(ports.spark_connect),
        "spark.connect.grpc.binding.portRetries": "0",
        "spark.driver.host": HOST,
        "spark.driver.bindAddress": HOST,
        "spark.ui.port": str(ports.spark_ui),
        "spark.port.maxRetries": "0",
        "spark.local.dir": str(instance.folder("spark", "local")),
        "spark.sql.warehouse.dir": str(instance.folder("spark", "warehouse")),
        "spark.sql.artifact.isolation.enabled": "false",
        # Otherwise the client looks up the line of our code for every column expression and sends it along.
        "spark.python.sql.dataFrameDebugging.enabled": "false",
        "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
        "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
        "spark.sql.catalogImplementation": "in-memory",
        "spark.sql.session.timeZone": "UTC",
        "spark.scheduler.mode": "FAIR",
        "spark.sql.shuffle.partitions": str(2 * (os.cpu_count() or 2)),
        "spark.sql.adaptive.coalescePartitions.parallelismFirst": "false",
        # Tables are small: with the defaults (50 and 10000) a commit or a vacuum of a tiny table takes seconds.
        "spark.databricks.delta.snapshotPartitions": "2",
        **terms.DEFAULT,
        "spark.sql.sources.parallelPartitionDiscovery.parallelism": "4",
        # Hadoop's own file system starts a process (`chmod`) for every file and folder it creates: hundreds in one build of the libraries.
        "spark.hadoop.fs.file.impl": "com.globalmentor.apache.hadoop.fs.BareLocalFileSystem",
        # The usual log store asks Hadoop twice for what a file is linked to and whom it belongs to: ten processes for each commit.
        "spark.delta.logStore.file.impl": "io.delta.storage.LocalLogStore",
        # Hadoop sets the permissions of files itself, whatever the process may have asked for.
        "spark.hadoop.fs.permissions.umask-mode": "077",
        **_object_store(instance),
        "spark.ui.retainedJobs": "200",
        "spark.ui.retainedStages": "200",
        "spark.ui.retainedTasks": "2000",
        "spark.sql.ui.retainedExecutions": "100",
        "spark.ui.showConsoleProgress": "false",
    }


def _object_store(instance: Instance) -> dict[str, str]:
    """Return the settings for tables in buckets; access keys are in the environment, which no query plan and no web page shows."""
    access = store_access(instance)
    endpoint = access.get("AWS_ENDPOINT_URL", access.get("AWS_ENDPOINT", ""))
    settings = {
        "path.style.access": "true" if endpoint else "false",
        "endpoint.region": access.get("AWS_REGION", access.get("AWS_DEFAULT_REGION", "")),
        "endpoint": endpoint,
        "buffer.dir": str(instance.folder("spark", "s3a")),
        "connection.expect.continue": "false",  # suspected of IncompleteBody (see TASK_ATTEMPTS)
    }
    return {f"spark.hadoop.fs.s3a.{name}": value for name, value in settings.items() if value}


def memory(instance: Instance) -> str:
    """Return the heap size of the application: `HUILIU_SPARK_MEMORY`, by default 2g.

    Raises:
        ConfigError: the variable is not a size.
    """
    text = instance.settings.spark_memory
    if not re.fullmatch(r"[1-9][0-9]*[mg]", text):
        raise ConfigError(Problem("HUILIU_SPARK_MEMORY", f"{text!r} is not a size.", "e.g. 2g, 1500m.", "correct it.").text())
    return text


def remote(instance: Instance) -> str:
    """Return the address of the Connect server; a client sends its token without TLS to `localhost` only, not to a number."""
    return f"sc://localhost:{instance.ports.spark_connect}"


def is_healthy(instance: Instance) -> bool:
    """Return whether Connect accepts connections, and Thrift where it is asked for."""
    return is_answering(instance.ports.spark_connect) and (not instance.settings.thrift or serves_thrift(instance))


def serves_thrift(instance: Instance) -> bool:
    """Return whether the application that runs lets JDBC clients in."""
    return is_answering(instance.ports.spark_thrift)


def _home() -> Path:
    package = find_spec("pyspark")
    if package is None or package.origin is None:
        raise ConfigError(Problem("Spark", "the package pyspark is not installed.", "", "uv sync --frozen").text())
    return Path(package.origin).parent


def _warmup(instance: Instance) -> Program:
    command = (sys.executable, "-m", "infra.local.warmup", str(instance.ports.spark_connect), str(instance.home / "spark" / "warm"))
    return Program("spark-warmup", "spark", command, PROJECT, {TOKEN: keys.read(instance, "spark.token")}, stop_seconds=2, once=True)


def _application(instance: Instance) -> Program:
    folder = instance.folder("spark")
    logging = folder / "log4j2.properties"
    logging.write_text(LOGGING, "utf-8")
    log_option = f"-Dlog4j2.configurationFile={logging.as_uri()}"
    temporary = instance.folder("spark", "tmp")
    options = [part for name, value in configuration(instance).items() for part in ("--conf", f"{name}={value}")]
    server = THRIFT_SERVER if instance.settings.thrift else CONNECT_SERVER
    command = (
        str(_home() / "bin" / "spark-submit"),
        *("--class", server, "--name", "huiliu", "--master", f"local[{os.cpu_count() or 2},{TASK_ATTEMPTS}]"),
        *("--driver-memory", memory(instance), "--driver-class-path", f"{jars.jar_folder()}/*"),
        *("--driver-java-options", f"{JIT_AND_GC} -Duser.timezone=UTC -Djava.io.tmpdir={temporary} {log_option}"),
        *options,
        "spark-internal",
        *(_thrift(instance) if instance.settings.thrift else ()),
    )
    environment = {"PYSPARK_PYTHON": sys.executable, "SPARK_LOCAL_IP": HOST, "SPARK_HOME": str(_home()), "TZ": "UTC"}
    environment |= {TOKEN: keys.read(instance, "spark.token"), **store_access(instance)}
    if os.environ.get("JAVA_HOME"):
        environment["JAVA_HOME"] = os.environ["JAVA_HOME"]
    return Program("spark", "spark", command, folder, environment, stop_seconds=30)


def _thrift(instance: Instance) -> tuple[str, ...]:
    scratch = instance.folder("spark") / "scratch"
    settings = {
        "hive.server2.thrift.port": instance.ports.spark_thrift,
        "hive.server2.thrift.bind.host": HOST,
        "hive.exec.scratchdir": scratch,
        "hive.exec.local.scratchdir": scratch,
    }
    return tuple(part for name, value in settings.items() for part in ("--hiveconf", f"{name}={value}"))
