"""The whole warehouse on a Spark cluster: raw -> clean -> core -> marts, checked and published.

    spark-submit --master spark://HOST:7077 jobs/spark_etl_warehouse.py --lake LAKE [options of `shoplake build`]

LAKE is a folder that the driver and every executor see under the same path. Master, memory and cores are spark-submit's own
options; with `--conf spark.sql.catalogImplementation=hive` the metastore's tables are pointed at what was published.
"""

import sys

from shoplake.cli import main

if __name__ == "__main__":
    main(["build", "--engine", "spark", *sys.argv[1:]])
