"""How `mlflow.pyfunc` asks a version. MLflow keeps this very file beside the version's folder and runs it when the model is loaded,
in an environment that has shoplake. A user's score of churn is that of the shop's own table; lists are by the factors of the training alone.

churn: a row a user, the 18 features and the currency -> leave_probability
recommend, ratings: a row a user, user_id -> product_ids, the best `count` by the factors (also what the user bought); none for one who is not known
"""

import datetime as dt
from pathlib import Path
from typing import Any

import mlflow.models
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
from mlflow.pyfunc import PythonModel

from shoplake.learn import als
from shoplake.learn.churn_scores import model_of
from shoplake.learn.frame import Frame
from shoplake.learn.registry import Version, read_json


class Asked(PythonModel):  # type: ignore[misc]
    def load_context(self, context: Any) -> None:
        folder = Path(context.artifacts["version"])
        self.version = Version(folder, 0, read_json(folder / "record.json"))
        if self.version.record["name"] == "churn":
            self.churn = model_of(self.version)
        else:
            self.users, self.products = (pq.read_table(folder / f"{name}.parquet") for name in ("users", "products"))

    def predict(self, context: Any, model_input: pd.DataFrame, params: dict[str, Any] | None = None) -> pd.DataFrame:
        if self.version.record["name"] == "churn":
            return pd.DataFrame({"leave_probability": self._leaving(model_input)})
        return pd.DataFrame({"product_ids": self._lists(model_input["user_id"].tolist(), max(1, int((params or {}).get("count", 10))))})

    def _leaving(self, rows: pd.DataFrame) -> Any:
        features = self.churn.features
        frame = Frame(dt.date.min, [""] * len(rows), rows["currency"].fillna("").tolist(), features, rows[features].to_numpy(dtype=float), np.zeros(len(rows), dtype=bool))
        return self.churn.probability(frame)

    def _lists(self, users: list[str], count: int) -> list[list[str]]:
        from scipy import sparse

        place = {user: n for n, user in enumerate(self.users.column("user_id").to_pylist())}
        known = [n for n, user in enumerate(users) if user in place]
        factors = als.Factors(_matrix(self.users)[[place[users[n]] for n in known]], _matrix(self.products))
        top = als.lists(factors, np.arange(len(known)), sparse.csr_matrix((len(known), len(factors.products))), count)
        names, found = self.products.column("product_id").to_pylist(), [list[str]() for _ in users]
        for n, row in zip(known, top, strict=True):
            found[n] = [names[column] for column in row if column >= 0]
        return found


def _matrix(table: Any) -> Any:
    column = table.column("factors").combine_chunks()
    return column.flatten().to_numpy().reshape(len(column), -1)


mlflow.models.set_model(Asked())
