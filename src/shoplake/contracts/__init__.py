"""What the data look like: the only place where a column is defined."""

from shoplake.contracts.model import Column, Contracts, Table

__all__ = ["Column", "Contracts", "Table", "load"]


def load(project: str = "") -> Contracts:
    """The contracts of a project folder; of the package's own when `project` is empty.

    Raises WrongUse naming file, line and remedy for any mistake in them.
    """
    from shoplake.contracts import loader
    from shoplake.contracts.project import project_folder

    return loader.load(project_folder(project) / "contracts")
