"""The plan that a lake was made with, for those who go on from it."""

import datetime as dt

import msgspec

from shoplake.generate.options import SIZES, Plan
from shoplake.lake.layout import Lake


def plan_of_lake(lake: Lake) -> Plan:
    """As truth.json has it; of a lake that was not generated, or is none, the plan of a small shop."""
    path = lake.root / "truth.json"
    if lake.hdfs or not path.exists():
        events, transactions, users, products = SIZES["small"]
        return Plan(events=events, transactions=transactions, users=users, products=products)
    told = msgspec.json.decode(path.read_bytes())["parameters"]
    return Plan(
        seed=told["seed"], events=told["events"], transactions=told["transactions"], users=told["users"], products=told["products"],
        start=dt.date.fromisoformat(told["start_date"]), tracked_share=told["tracked_share"], mess=told["mess"],
    )  # fmt: skip
