"""The same two models by Spark's MLlib: the same frame in, the same numbers out, judged by the same code.

Logistic regression: scikit-learn's C is 1 / (rows x regParam), no elastic net, the features standardised before; MLlib's StandardScaler
divides by the sample's deviation (ddof 1), the embedded one by the population's. ALS: MLlib scales regParam by the number of a
user's ratings and `implicit` does not, so each has its own best value, and only the lists are compared.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from shoplake.engines import spark as facts
from shoplake.engines.spark import Spark
from shoplake.errors import WrongUse
from shoplake.learn.als import F32, Factors, Parameters
from shoplake.learn.frame import Frame
from shoplake.learn.logistic import Logistic, medians, scaled
from shoplake.settings import Session

FOLDS = 3
# Of the regularisation that was asked for, tried by CrossValidator.
GRID = (0.1, 1.0, 10.0)
BLOCKS = 2
# MLlib's own models, to be kept with a version: name -> what writes it into a folder.
Saved = dict[str, Callable[[Path], None]]


@contextmanager
def started(settings: Session, scratch: Path) -> Iterator["MLlib"]:
    """A Spark session of this machine, of the master that the settings name, or of spark-submit."""
    engine = Spark(scratch=scratch, master=facts.master_of(settings["spark_master"], settings["threads"]), memory=facts.memory_of(settings["memory"]))
    try:
        with engine.watched():
            yield MLlib(engine.session)
    finally:
        engine.close()


@dataclass
class MLlib:
    """`saved` holds the last model that was taught."""

    spark: Any

    def __post_init__(self) -> None:
        self.saved: Saved = {}
        self.tried: list[dict[str, Any]] = []

    # -- churn ---------------------------------------------------------------------------------------------------------

    def logistic(self, frame: Frame, regularisation: float, *, tune: bool = False) -> Logistic:
        """VectorAssembler, Imputer, StandardScaler and LogisticRegression in a Pipeline; with `tune` the regularisation by CrossValidator
        (area under ROC, FOLDS folds). Raises WrongUse as the embedded fit does."""
        from pyspark.ml import Pipeline
        from pyspark.ml.classification import LogisticRegression
        from pyspark.ml.evaluation import BinaryClassificationEvaluator
        from pyspark.ml.feature import Imputer, StandardScaler, VectorAssembler
        from pyspark.ml.tuning import CrossValidator, ParamGridBuilder

        if not 0 < frame.left.sum() < len(frame):
            raise WrongUse(f"cut {frame.cut}: of {len(frame):,} users who teach all left within the horizon, or none did: there is nothing to tell apart. Move the cut or the horizon.")
        money = medians(frame)
        rows = self._rows(frame, money).persist()
        try:
            names = [f"filled_{name}" for name in frame.features]
            regression = LogisticRegression(featuresCol="standardised", labelCol="left", standardization=False, regParam=regularisation, tol=1e-9, maxIter=300)
            pipeline = Pipeline(stages=[
                Imputer(inputCols=frame.features, outputCols=names, strategy="mean"), VectorAssembler(inputCols=names, outputCol="assembled"),
                StandardScaler(inputCol="assembled", outputCol="standardised", withMean=True, withStd=True), regression,
            ])  # fmt: skip
            if tune:
                grid = ParamGridBuilder().addGrid(regression.regParam, [regularisation * g for g in GRID]).build()
                tuner = CrossValidator(estimator=pipeline, estimatorParamMaps=grid, evaluator=BinaryClassificationEvaluator(labelCol="left"), numFolds=FOLDS, seed=1)
                found = tuner.fit(rows)
                self.tried = [{"parameters": {"regularisation": regularisation * g}, "auc": round(float(auc), 6)} for g, auc in zip(GRID, found.avgMetrics, strict=True)]
                model: Any = found.bestModel
            else:
                model = pipeline.fit(rows)
        finally:
            rows.unpersist()
        scaler, fitted = model.stages[2], model.stages[3]
        self.saved = {"mllib": lambda folder: model.save(str(folder))}
        deviations = np.array(scaler.std.toArray())
        deviations[deviations == 0] = 1
        return Logistic(frame.features, money, scaler.mean.toArray().tolist(), deviations.tolist(), fitted.coefficients.toArray().tolist(), float(fitted.intercept))

    def _rows(self, frame: Frame, money: dict[str, dict[str, float]]) -> Any:
        values = scaled(frame, money)
        columns = {name: values[:, n] for n, name in enumerate(frame.features)}
        return self.spark.createDataFrame(pa.table({"user_id": frame.users, **columns, "left": frame.left.astype(float)}))

    # -- recommendations -----------------------------------------------------------------------------------------------

    def als(self, weights: Any, one: Parameters) -> Factors:
        """Implicit feedback of a sparse matrix, users x products."""
        matrix = weights.tocoo()
        return self._als(matrix.row, matrix.col, matrix.data, matrix.shape, one, implicit=True)

    def explicit_als(self, rated: Any, one: Parameters) -> Factors:
        """Of learn/ratings.py's Ratings."""
        return self._als(rated.user, rated.item, rated.value, (len(rated.users), len(rated.items)), one, implicit=False)

    def _als(self, user: Any, item: Any, value: Any, shape: tuple[int, int], one: Parameters, *, implicit: bool) -> Factors:
        from pyspark.ml.recommendation import ALS

        rows = self.spark.createDataFrame(pa.table({"user": np.asarray(user, np.int32), "item": np.asarray(item, np.int32), "value": np.asarray(value, np.float32)}))
        model = ALS(
            rank=one.factors, maxIter=one.iterations, regParam=one.regularisation, alpha=one.alpha, implicitPrefs=implicit, seed=one.seed, numUserBlocks=BLOCKS,
            numItemBlocks=BLOCKS, userCol="user", itemCol="item", ratingCol="value", coldStartStrategy="drop",
        ).fit(rows)  # fmt: skip
        self.saved = {"mllib": lambda folder: model.save(str(folder))}
        return Factors(_factors(model.userFactors, shape[0], one.factors), _factors(model.itemFactors, shape[1], one.factors))


def _factors(rows: Any, count: int, width: int) -> F32:
    """0 for one that MLlib has no factors of."""
    found = np.zeros((count, width), np.float32)
    there = rows.toArrow()
    if there.num_rows:
        found[there.column("id").to_numpy()] = np.array(there.column("features").to_pylist(), dtype=np.float32)
    return found
