"""What a build asks of the engine that holds its core and marts: few verbs, so that the logic of a build is written once."""

from typing import Any, Protocol

from shoplake.build.render import Engine
from shoplake.contracts import Table


class Warehouse(Protocol):
    """The tables of one build, as that build sees them.

    Names are full names of contracts (core.dim_users), or work.<name>: a table of this build alone, that no reader ever sees.
    What is made here becomes visible to readers when the build publishes, not before.
    """

    @property
    def facts(self) -> Engine:
        """The module of facts about the engine."""

    def place(self, name: str) -> str:
        """The name in SQL."""

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """The rows of a SELECT."""

    def count(self, name: str) -> int:
        """How many rows a table of core or marts has."""

    def keep(self, name: str, select: str) -> None:
        """Make work.<name> anew from a SELECT, at once: what it reads may change or go afterwards."""

    def drop(self, *names: str) -> None:
        """Forget work.<name>, if it is there."""

    def replace(self, table: Table, select: str) -> None:
        """The whole table is what the SELECT gives."""

    def apply(self, table: Table, gone: str, come: str) -> None:
        """Take the rows of work.<gone> out of the table, by its key, and put those of work.<come> in."""
