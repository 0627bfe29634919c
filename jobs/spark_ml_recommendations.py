"""Recommendations by Spark's MLlib: ALS on views, carts and purchases, its parameters searched on earlier windows.

    spark-submit --master spark://HOST:7077 jobs/spark_ml_recommendations.py --lake LAKE [options of `shoplake learn train recommend`]

The version is kept in LAKE/models/recommend, with MLlib's own model beside it (mllib/), judged as any other. CrossValidator draws its
folds at random, and would let tomorrow teach yesterday: the search goes by time. `shoplake learn promote recommend` publishes the lists.
"""

import sys

from shoplake.cli import main

if __name__ == "__main__":
    main(["learn", "train", "recommend", "--by", "spark", "--tune", *sys.argv[1:]])
