"""Churn by Spark's MLlib: a Pipeline of imputing, assembling, standardising and logistic regression, its regularisation by CrossValidator.

    spark-submit --master spark://HOST:7077 jobs/spark_ml_churn_prediction.py --lake LAKE [options of `shoplake learn train churn`]

The version is kept in LAKE/models/churn, with MLlib's own model beside it (mllib/), judged as any other. `shoplake learn promote churn`
publishes its scores.
"""

import sys

from shoplake.cli import main

if __name__ == "__main__":
    main(["learn", "train", "churn", "--by", "spark", "--tune", *sys.argv[1:]])
