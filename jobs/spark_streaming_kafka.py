"""The processor of a stream on a Spark cluster: Kafka -> judged events by the hour, figures by the minute.

    spark-submit --master spark://HOST:7077 --packages org.apache.spark:spark-sql-kafka-0-10_2.13:4.2.0 jobs/spark_streaming_kafka.py \
        --lake LAKE [options of `shoplake stream process`]

LAKE is a folder that the driver and every executor see under the same path, or hdfs://NAMENODE:PORT/FOLDER. Master, memory, cores and packages are spark-submit's
own options.
"""

import sys

from shoplake.cli import main

if __name__ == "__main__":
    main(["stream", "process", *sys.argv[1:]])
