"""Learning: a whole training of recommendations against the library's own fit and lists; lists for everybody against the scores alone.

Both sides have the same interactions in memory or the same published generation; one thread of BLAS, as in training.
"""

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from benchmarks.measure import Case, Facts, Goal, Unequal, Work
from benchmarks.setting import Setting, session

AT = 10


def cases(s: Setting) -> list[Case]:
    if s.size == "tiny":  # too few customers to judge anything
        return []
    lake = {"lake": s.built["lake"]}
    return [
        Case("recommend", "learn", 1, Work("stages.learn:bare_recommend", lake), Work("stages.learn:train_recommend", lake), _equal, None, Goal("ratio", 1.3), None,
             "the whole of `learn train recommend` (marts, their check, baselines, figures) against `implicit` fitting the same matrix and making its own lists for everybody", rounds=3),
        Case("lists", "learn", 1, Work("stages.learn:bare_scores", lake), Work("stages.learn:lists", lake), _equal, None, Goal("ratio", 6.0), Goal("ratio", 2.0),
             "the best ten products of everybody, without what they bought, against the products of the same blocks of factors, dropped", rounds=3),
    ]  # fmt: skip


def _equal(reference: Facts, mine: Facts) -> str:
    if reference["users"] != mine["users"] or reference["products"] != mine["products"]:
        raise Unequal(f"learn: {reference['users']} x {reference['products']} and {mine['users']} x {mine['products']}.")
    return f"{mine['users']:,} users, {mine['products']:,} products on each side"


class _Opened:
    """The published generation, and its interactions at the default cut."""

    def __init__(self, a: Facts) -> None:
        import datetime as dt

        from shoplake.learn.cuts import Cuts
        from shoplake.learn.interactions import Weights, interactions
        from shoplake.learn.recommend import Options
        from shoplake.look.opened import opened

        self._stack = ExitStack()
        self.session = session(Path(a["lake"]), 1)
        self.one = self._stack.enter_context(opened(self.session))
        self.cuts = Cuts(self.one, "")
        cut = dt.date.fromisoformat(self.one.manifest.as_of) - dt.timedelta(Options().window)
        self.known = interactions(self.cuts, cut, Weights())

    def facts(self) -> Facts:
        users, products = self.known.weights.shape
        found: Facts = {"users": users, "products": products, "same": [users, products]}
        return found

    def end(self) -> Facts:
        self._stack.close()
        return self.facts()


def bare_recommend(a: Facts) -> Callable[[], Callable[[], Facts]]:
    import numpy as np
    from implicit.als import AlternatingLeastSquares
    from threadpoolctl import threadpool_limits

    from shoplake.learn.als import Parameters

    place, asked = _Opened(a), Parameters()
    weights = place.known.weights.astype(np.float32)

    def timed() -> Callable[[], Facts]:
        with threadpool_limits(1):
            model = AlternatingLeastSquares(
                factors=asked.factors, regularization=asked.regularisation, alpha=asked.alpha, iterations=asked.iterations, num_threads=1, random_state=asked.seed
            )
            model.fit(weights, show_progress=False)
            model.recommend(np.arange(weights.shape[0]), weights, N=AT, filter_already_liked_items=True)
        return place.end

    return timed


def train_recommend(a: Facts) -> Callable[[], Callable[[], Facts]]:
    import implicit.als
    import implicit.nearest_neighbours  # noqa: F401  # what is imported is not in what is timed, on either side
    import pyarrow.parquet  # noqa: F401

    from shoplake.learn.cuts import Cuts
    from shoplake.learn.recommend import Options, train

    place = _Opened(a)

    def timed() -> Callable[[], Facts]:
        train(Cuts(place.one, ""), place.session.lake, Options())
        return place.end

    return timed


def _factors(place: _Opened) -> Any:
    import numpy as np

    from shoplake.learn.als import Factors, Parameters

    draws, (users, products) = np.random.default_rng(1), place.known.weights.shape
    return Factors(*(draws.normal(size=(n, Parameters().factors)).astype(np.float32) for n in (users, products)))


def bare_scores(a: Facts) -> Callable[[], Callable[[], Facts]]:
    import numpy as np
    from threadpoolctl import threadpool_limits

    from shoplake.learn.als import blocks

    place = _Opened(a)
    factors = _factors(place)

    def timed() -> Callable[[], Facts]:
        with threadpool_limits(1):
            for some in blocks(np.arange(len(factors.users))):
                factors.users[some] @ factors.products.T
        return place.end

    return timed


def lists(a: Facts) -> Callable[[], Callable[[], Facts]]:
    import numpy as np
    from threadpoolctl import threadpool_limits

    from shoplake.learn import als

    place = _Opened(a)
    factors = _factors(place)

    def timed() -> Callable[[], Facts]:
        with threadpool_limits(1):
            als.lists(factors, np.arange(len(factors.users)), place.known.bought)
        return place.end

    return timed
