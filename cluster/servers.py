"""What can be started here."""

from cluster.hdfs import Hdfs
from cluster.hive import Hive
from cluster.programs import Beeline, Pig, Ran
from cluster.spark import SparkStandalone

__all__ = ["Beeline", "Hdfs", "Hive", "Pig", "Ran", "SparkStandalone"]
