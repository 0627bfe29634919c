"""The ref layer of a build: the tables that take time to make are kept as files, named by what they were made from."""

import os
from collections.abc import Callable

import pyarrow as pa
import pyarrow.parquet as pq

from shoplake import __version__
from shoplake.build import agents, reference
from shoplake.build.plan import Plan
from shoplake.build.reference import fingerprint
from shoplake.lake.files import fsync
from shoplake.lake.manifest import DataFile, sha256_of
from shoplake.settings import zone


class RefFiles:
    """`files` are those of this build, by table. --full makes them anew, which also heals a damaged one."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.files: dict[str, DataFile] = {}

    def calendar(self) -> dict[str, pa.Table]:
        """ref.dates and ref.zone_days of the shop's zone and country."""
        settings = self.plan.settings
        shop_zone = zone(settings["timezone"], "timezone")
        return {
            "dates": self._kept(
                "dates",
                fingerprint("dates", __version__, settings["timezone"], settings["country"]),
                lambda: reference.dates(shop_zone, settings["country"]),
            ),
            "zone_days": self._kept(
                "zone_days",
                fingerprint("zone_days", __version__, settings["timezone"]),
                lambda: reference.zone_days(shop_zone),
            ),
        }

    def small(self) -> dict[str, pa.Table]:
        """ref.enums and ref.shop, made each time."""
        settings = self.plan.settings
        return {
            "enums": reference.enums(self.plan.contracts),
            "shop": reference.shop(settings["timezone"], settings["currency"]),
        }

    def known_agents(self) -> pa.Table:
        """ref.user_agents as the parent generation left it: every agent seen so far. Empty when the patterns have changed."""
        plan = self.plan
        known = plan.parent.ref_files.get("user_agents") if plan.parent else None
        path = plan.lake.root / known.path if known else None
        if path and path.exists() and f"-{_patterns()}-" in path.name and not plan.options.full:
            return pq.read_table(path)
        return agents.classify([])

    def keep_agents(self, rows: pa.Table) -> None:
        """ref.user_agents of this build, sorted by agent."""
        content = fingerprint(*[str(a) for a in rows.column("user_agent").to_pylist()])
        self._kept("user_agents", f"{_patterns()}-{content}", lambda: rows)

    def _kept(self, name: str, print_: str, make: Callable[[], pa.Table]) -> pa.Table:
        lake = self.plan.lake
        path = lake.ref / f"{name}-{print_}.parquet"
        if not path.exists() or self.plan.options.full:
            lake.ref.mkdir(parents=True, exist_ok=True)
            temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
            # Most columns here hold each value once: looking for repetitions took half of the time.
            pq.write_table(make(), temporary, compression="zstd", use_dictionary=False)
            os.replace(temporary, path)
            fsync(lake.ref)
            lake.files.share(lake.name_of(path))
        rows = pq.read_table(path)
        self.files[name] = DataFile(
            path.relative_to(lake.root).as_posix(), rows.num_rows, path.stat().st_size, sha256_of(path)
        )
        return rows


def _patterns() -> str:
    return fingerprint(agents.fingerprint())
