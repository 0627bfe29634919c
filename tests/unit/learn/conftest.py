"""Commands, asked as those that look are."""

from tests.unit.look.conftest import ask

__all__ = ["ask"]
