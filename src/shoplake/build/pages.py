"""Everything generated that is committed: rendered/ and docs/reference/. `--check` fails when one is stale."""

import sys
from pathlib import Path

from shoplake.build.engines_page import engines_page, read_record
from shoplake.build.hive_files import hive_files
from shoplake.build.impala_files import impala_files
from shoplake.build.models import read_models
from shoplake.build.render import rendered_files
from shoplake.contracts import dictionary, loader
from shoplake.engines import duckdb, hive, impala, pig, spark
from shoplake.errors import ShoplakeError
from shoplake.terminal import say

ENGINES = (duckdb, hive, impala, spark)


def pages(root: Path) -> dict[Path, str]:
    """Path from the checkout's root -> the text it must have."""
    contracts = loader.load(root / "contracts")
    models = read_models(root / "warehouse", contracts)
    found = rendered_files(models, list(ENGINES)) | hive_files(models, contracts) | impala_files(contracts, models)
    found |= pig.rendered_views(contracts)
    found[Path("docs/reference/data_dictionary.md")] = dictionary.data_dictionary(contracts)
    found[Path("docs/reference/engines.md")] = engines_page(models, read_record(root), ENGINES)
    found[Path("docs/reference/schemas/clickstream_message.json")] = dictionary.message_schema(contracts)
    for name, text in dictionary.json_schemas().items():
        found[Path("docs/reference/schemas") / name] = text
    return found


def stale(root: Path, wanted: dict[Path, str]) -> list[str]:
    """What differs from what it must be, and what lies under rendered/ without a model."""
    found = [
        f"{path}: stale"
        for path, text in wanted.items()
        if not (root / path).exists() or (root / path).read_text(encoding="utf-8") != text
    ]
    there = {
        p.relative_to(root) for engine in (*ENGINES, pig) for p in (root / "rendered" / engine.NAME).rglob("*.sql")
    }
    return sorted(found + [f"{path}: no model makes it" for path in there - set(wanted)])


def main(arguments: list[str]) -> int:
    root = Path.cwd()
    try:
        wanted = pages(root)
    except ShoplakeError as e:
        say(str(e))
        return e.exit_code
    if "--check" in arguments:
        differing = stale(root, wanted)
        for line in differing:
            say(f"{line}. Run `make render` and commit what it wrote.")
        return 1 if differing else 0
    for engine in (*ENGINES, pig):
        for path in (root / "rendered" / engine.NAME).rglob("*.sql"):
            if path.relative_to(root) not in wanted:
                path.unlink()
    for path, text in wanted.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")
    say(f"wrote {len(wanted)} files under rendered/ and docs/reference/")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
