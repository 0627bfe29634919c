"""What training needs beyond a default installation."""

from importlib.util import find_spec

from shoplake.errors import Lacking

NEEDED = ("sklearn", "implicit", "threadpoolctl")


def require() -> None:
    """Raises Lacking when a library is not installed."""
    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        raise Lacking(f"training needs {', '.join(missing)}, and it is not installed. Install it: pip install 'shoplake[learn]'.")
