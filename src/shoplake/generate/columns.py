"""The columns of the raw tables, in the order of the package's own contracts: the only place where a column is defined."""

from shoplake.contracts import load

_RAW = load().layer("raw")
CSV_COLUMNS: dict[str, tuple[str, ...]] = {t.name: tuple(t.names) for t in _RAW if t.spec.format == "csv"}
EVENT_COLUMNS: tuple[str, ...] = next(tuple(t.names) for t in _RAW if t.name == "clickstream")
