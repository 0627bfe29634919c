"""Two engines may build one lake and tell one metastore: none takes the other's tables."""

from shoplake.contracts import load
from shoplake.engines import hive, spark


def test_no_table_is_pointed_by_two_engines() -> None:
    pointed = [t.full_name for layer in ("clean", "core", "marts") for t in load().built(layer)]
    of_hive, of_spark = ({facts.place(name).partition(".")[0] for name in pointed} for facts in (hive, spark))
    assert of_hive
    assert of_spark
    assert not of_hive & of_spark
