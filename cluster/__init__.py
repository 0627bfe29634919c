"""Real servers on this machine: HDFS, HiveServer2, Pig, beeline and a Spark master with its worker."""
