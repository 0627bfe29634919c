"""What a build would do, and why: compare what has arrived and how it is computed with the published generation."""

import datetime as dt
from dataclasses import dataclass, field
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from zoneinfo import ZoneInfo

from shoplake import __version__
from shoplake.build import agents, reference
from shoplake.build.clean import Arrival, arrival
from shoplake.build.models import Model, downstream, read_models
from shoplake.contracts import Contracts, load
from shoplake.contracts.project import project_folder
from shoplake.engines import duckdb as facts
from shoplake.errors import WrongUse
from shoplake.lake.layout import Lake, parse_day
from shoplake.lake.manifest import Manifest, Partition, current_generation, read_manifest, sha256_of
from shoplake.lake.receipts import Receipt, raw_partitions, read_receipts
from shoplake.settings import Session

# Above this share of changed records recomputing all is quicker than finding out what is touched; the result is the same.
WHOLE_ABOVE = 0.25


@dataclass(frozen=True)
class Options:
    """What a person asked of a build. Days are ds, as_of is a business date."""

    first_ds: str | None = None
    last_ds: str | None = None
    as_of: str | None = None
    ds: str | None = None  # the business date: days before it are closed
    closed: tuple[str, ...] = ()
    allow_empty: tuple[str, ...] = ()
    select: tuple[str, ...] = ()
    full: bool = False


@dataclass
class Plan:
    """Everything a build needs to know before it touches anything."""

    lake: Lake
    contracts: Contracts
    models: list[Model]
    settings: dict[str, str]
    options: Options
    parent: Manifest | None
    fingerprints: dict[str, str]
    new: list[Arrival]  # partitions to clean
    kept: list[Partition]  # partitions taken over from the parent
    gone: list[Partition]  # partitions of the parent that are replaced or no longer there
    whole: bool
    reasons: list[str] = field(default_factory=list)
    selected: list[Model] | None = None  # only these are rebuilt

    @property
    def is_nothing(self) -> bool:
        return (
            self.parent is not None
            and not self.whole
            and not self.new
            and not self.gone
            and not self.reasons
            and self.selected is None
        )


def make_plan(session: Session, options: Options) -> Plan:
    """Read contracts, models, receipts and the published manifest. Raises WrongUse for anything that cannot be done."""
    lake = session.lake
    lake.require()
    _check_days(options)
    contracts = load(session["project"])
    models = read_models(project_folder(session["project"]) / "warehouse", contracts)
    settings = _settings(session, lake)
    parent = read_manifest(lake) if current_generation(lake) is not None else None
    prints = fingerprints(contracts, models, settings, _engine_file(lake.engine))
    plan = Plan(lake, contracts, models, settings, options, parent, prints, [], [], [], whole=parent is None)
    if options.select:
        _plan_selected(plan)
    else:
        _plan_arrivals(plan)
    return plan


def _engine_file(engine: str) -> str:
    spec = find_spec(f"shoplake.engines.{engine or 'duckdb'}")
    assert spec is not None
    assert spec.origin is not None
    return spec.origin


def _check_days(options: Options) -> None:
    first = parse_day(options.first_ds, "--from") if options.first_ds else None
    last = parse_day(options.last_ds, "--to") if options.last_ds else None
    if first and last and first > last:
        raise WrongUse(f"--from {first} is after --to {last}. Exchange the two.")
    for text, what in [
        (options.as_of, "--as-of"),
        (options.ds, "--ds"),
        *((d, "--close") for d in options.closed),
        *((d, "--allow-empty") for d in options.allow_empty),
    ]:
        if text:
            parse_day(text, what)


def _settings(session: Session, lake: Lake) -> dict[str, str]:
    """What the figures depend on. A zone the first delivery proposed holds until someone sets one."""
    zone = session["timezone"]
    if session.settings["timezone"].origin == "default":
        proposed = [_proposed_zone(r) for r in read_receipts(lake)]
        zone = next((z for z in proposed if z), zone)
    return {"timezone": zone, "currency": session["currency"], "country": session["country"]}


def _proposed_zone(receipt: Receipt) -> str:
    summary = receipt.notes.get("summary")
    return str(summary.get("proposed_timezone") or "") if isinstance(summary, dict) else ""


def fingerprints(
    contracts: Contracts, models: list[Model], settings: dict[str, str], engine_file: str = str(facts.__file__)
) -> dict[str, str]:
    """Table -> what its rows are computed from, data apart: SQL, engine, contract, settings, versions."""
    enums = str(reference.enums(contracts).to_pylist())
    engine = sha256_of(Path(engine_file)) + version("sqlglot")
    found = {}
    for model in models:
        parts = [model.meaning, engine, str(model.table.columns), str(model.table.spec.key), str(model.table.spec.time)]
        if model.table.layer != "clean":
            parts.append(str(model.table.spec))  # a new check is run on what is there
        if model.table.layer == "clean":
            parts += [
                settings["timezone"],
                settings["currency"],
                enums,
                repr(facts.ddl(contracts.table(f"raw.{model.table.name}"))),
            ]
            if model.name == "clean.clickstream":
                parts.append(agents.fingerprint())
        elif any(i == "ref.dates" for i in model.inputs):
            parts += [settings["timezone"], settings["country"]]
        found[model.name] = reference.fingerprint(*parts)
    return found


def _plan_arrivals(plan: Plan) -> None:
    options, lake = plan.options, plan.lake
    before = plan.parent.partition_map() if plan.parent else {}
    landed = raw_partitions(lake)
    if not landed and not before:
        raise WrongUse(
            f"{lake.raw}: nothing has arrived. Bring data with `shoplake generate all` or `shoplake ingest FILE`."
        )
    for (table, ds), files in landed.items():
        if f"clean.{table}" not in plan.fingerprints:
            raise WrongUse(
                f"{lake.raw / table}: no model makes clean.{table}. Write warehouse/clean/{table}.sql and its contract."
            )
        one = arrival(table, ds, files, plan.fingerprints[f"clean.{table}"])
        old = before.get((table, ds))
        if not _within(ds, options):
            if old is not None:
                plan.kept.append(old)
        elif old is not None and old.b == one.b and not options.full:
            plan.kept.append(old)
        else:
            plan.new.append(one)
            if old is not None:
                plan.gone.append(old)
    for key, old in before.items():
        if key not in landed:
            plan.gone.append(old)
    _decide_whole(plan)


def _within(ds: str, options: Options) -> bool:
    return (options.first_ds is None or ds >= options.first_ds) and (options.last_ds is None or ds <= options.last_ds)


def _decide_whole(plan: Plan) -> None:
    """Whole or touched entities only; says why."""
    for one in plan.new:
        plan.reasons.append(
            f"raw/{one.table}/ds={one.ds}: "
            + ("replaced" if any((g.table, g.ds) == (one.table, one.ds) for g in plan.gone) else "new")
        )
    replaced = {(n.table, n.ds) for n in plan.new}
    plan.reasons += [f"raw/{g.table}/ds={g.ds}: no longer there" for g in plan.gone if (g.table, g.ds) not in replaced]
    if plan.parent is None:
        plan.reasons.insert(0, "nothing has been published yet: everything is built")
        return
    if plan.options.full:
        plan.whole = True
        plan.reasons.insert(0, "--full: everything is built anew from raw")
        return
    changed = [
        n for n, f in plan.fingerprints.items() if not n.startswith("clean.") and plan.parent.fingerprints.get(n) != f
    ]
    if plan.parent.settings != plan.settings or plan.parent.shoplake_version != __version__:
        changed = changed or ["settings or version"]
    if changed:
        plan.whole = True
        plan.reasons.insert(
            0,
            f"changed since generation {plan.parent.generation}: {', '.join(changed)}: core and marts are built whole",
        )
    rows = sum(n.landed for n in plan.new) + sum(g.landed for g in plan.gone)
    total = sum(p.landed for p in plan.kept) + sum(n.landed for n in plan.new)
    if rows > WHOLE_ABOVE * total:
        plan.whole = True
        plan.reasons.insert(
            0, f"{rows} of {total} records are new or gone: building whole is quicker than finding what is touched"
        )
    as_of = plan.options.as_of
    if as_of and as_of != plan.parent.as_of and not plan.reasons:
        plan.reasons.append(f"as of {as_of} instead of {plan.parent.as_of}: the marts")


def _plan_selected(plan: Plan) -> None:
    """--select NAME: the named tables and all that depends on them, from what is published; no new raw is taken in."""
    if plan.parent is None:
        raise WrongUse("--select: nothing has been published yet. Run a whole build first: `shoplake build`.")
    names = {n.removesuffix("+") for n in plan.options.select}
    known = {m.name for m in plan.models if m.table.layer != "clean"}
    for name in names:
        if name not in known:
            import difflib

            near = difflib.get_close_matches(name, known, n=1)
            raise WrongUse(
                f"--select {name}: expected a core or marts table such as core.dim_users."
                + (f" Did you mean {near[0]}?" if near else "")
            )
    plan.kept = list(plan.parent.partitions)
    plan.selected = downstream(plan.models, names)
    plan.reasons = [f"--select: {m.name}" for m in plan.selected]


def default_as_of(last_business_us: int | None, shop_zone: ZoneInfo, last_ds: str) -> dt.date:
    """The day after the last business day in the lake; without any, after the last arrival.

    Business is an event, an order, a refund, or an order that changed its state: an export dated today counts whole.
    """
    if last_business_us is None:
        return dt.date.fromisoformat(last_ds) + dt.timedelta(1)
    return dt.datetime.fromtimestamp(last_business_us // 1_000_000, shop_zone).date() + dt.timedelta(1)
