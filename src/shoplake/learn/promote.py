"""Champions: which version of a model the published tables are of. Promote passes the gate; rollback goes back to the one before."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import pyarrow as pa

from shoplake.errors import CheckFailed, WrongUse
from shoplake.lake.manifest import Champion
from shoplake.lake.publish import locked
from shoplake.learn.churn_scores import churn_scores
from shoplake.learn.cuts import Cuts
from shoplake.learn.gate import Verdict, as_text, look
from shoplake.learn.product_lists import Options, product_lists
from shoplake.learn.publish import following, publish_tables
from shoplake.learn.registry import Version, numbers, read
from shoplake.look.opened import Opened, opened
from shoplake.settings import Session


@dataclass(frozen=True)
class Published:
    """A generation with the tables of a version. `tables`: their rows."""

    name: str
    version: int
    generation: int
    as_of: str
    tables: dict[str, int]
    verdict: Verdict | None = None


def _churn_tables(one: Opened, version: Version, options: dict[str, Any]) -> dict[str, pa.Table]:
    return churn_scores(one, version)


def _recommend_tables(one: Opened, version: Version, options: dict[str, Any]) -> dict[str, pa.Table]:
    return product_lists(one, version, Options(**options))


TABLES: dict[str, Callable[[Opened, Version, dict[str, Any]], dict[str, pa.Table]]] = {"churn": _churn_tables, "recommend": _recommend_tables}


def evaluate(session: Session, name: str, number: int | None, has_checked: bool = False) -> Verdict:
    """What the gate would say of a version, by default the newest. Nothing is changed."""
    version = read(session.lake, name, number)
    with opened(session) as one:
        return look(Cuts(one, session["project"]), session.lake, name, version, has_checked)


def promote(session: Session, name: str, number: int | None, options: dict[str, Any], has_checked: bool = False, wait_seconds: float = 0) -> Published:
    """Publish the tables of a version, by default the newest, and make it the champion. Raises CheckFailed, with all reasons, when it
    does not pass the gate; what was published before stays, whatever is raised."""
    with locked(session.lake, wait_seconds):
        version = read(session.lake, name, number)
        with opened(session) as one:
            verdict = look(Cuts(one, session["project"]), session.lake, name, version, has_checked)
            if not verdict.is_good:
                raise CheckFailed(f"{as_text(verdict)}\nNothing was published. Train another version, or mend what the lines say.")
            tables = TABLES[name](one, version, options)
            champion = following(one.manifest, name, version.number, tables, options)
        return _published(session, one, name, champion, tables, verdict)


def rollback(session: Session, name: str, wait_seconds: float = 0) -> Published:
    """Publish the tables of the champion before this one. It passed its gate when it was promoted. Raises WrongUse when there is none."""
    with locked(session.lake, wait_seconds), opened(session) as one:
        now = one.manifest.models.get(name)
        there = set(numbers(session.lake, name))
        if now is None:
            raise WrongUse(f"{name}: no version was promoted. Promote one with `shoplake learn promote {name}`.")
        if not now.previous:
            raise WrongUse(f"{name}: version {now.version} is the first that was promoted; there is none before it.")
        if now.previous[-1] not in there:
            raise WrongUse(f"{name}: version {now.previous[-1]}, the one before, is not kept. Promote another with `shoplake learn promote {name} --version N`.")
        version = read(session.lake, name, now.previous[-1])
        tables = TABLES[name](one, version, now.options)
        return _published(session, one, name, Champion(version.number, now.previous[:-1], list(tables), now.options), tables, None)


def _published(session: Session, one: Opened, name: str, champion: Champion, tables: dict[str, pa.Table], verdict: Verdict | None) -> Published:
    made = publish_tables(session, one.contracts, one.manifest, name, champion, tables)
    return Published(name, champion.version, made.generation, made.as_of, {table: rows.num_rows for table, rows in tables.items()}, verdict)


def as_dict(one: Published) -> dict[str, Any]:
    return {**{k: v for k, v in asdict(one).items() if k != "verdict"}, "verdict": one.verdict.as_dict() if one.verdict else None}


def published_as_text(one: Published) -> str:
    tables = ", ".join(f"{name} {rows:,} rows" for name, rows in one.tables.items())
    return f"generation {one.generation}: {one.name} {one.version} is the champion; as of {one.as_of}: {tables}"
