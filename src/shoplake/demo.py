"""The verb `demo`: a made shop, from raw files to five dashboards and what is learnt from them, in one command."""

from typing import Annotated

import typer

LEARN = [
    ["learn", "train", "churn"], ["learn", "promote", "churn"], ["learn", "train", "recommend"], ["learn", "promote", "recommend"],
    ["learn", "show", "churn"], ["learn", "show", "recommend"],
]  # fmt: skip


def demo(
    context: typer.Context,
    size: Annotated[str, typer.Option(help="tiny, small, default or large")] = "default",
) -> None:
    """Make a shop, build its warehouse, show the five dashboards; then learn who will leave and what to recommend.

    Example: shoplake --lake demo-lake demo
    """
    import sys
    from importlib.util import find_spec

    from shoplake.terminal import say

    lake = context.obj["lake"]
    can_learn = size != "tiny" and all(find_spec(name) for name in ("implicit", "sklearn", "threadpoolctl"))
    say(f"A made shop ({size} size) in {lake}: generate, build, dashboards{', learn' if can_learn else ''}.")
    for words in [["generate", "all", "--size", size], ["build"], ["show", "dashboards"], *(LEARN if can_learn else [])]:
        say(f"\n$ shoplake --lake {lake} {' '.join(words)}")
        run_verb(context, words)
    if not can_learn:
        say("\nNot learnt here: " + ("a tiny shop has too few customers." if size == "tiny" else "it needs `pip install 'shoplake[learn]'`."))
    say(f"\nNext: shoplake --lake {lake} show                         what is in the lake")
    say(f'      shoplake --lake {lake} query "select * from marts.agg_daily_sales limit 5"')
    say(f"      shoplake --lake {lake} explain core.fact_transactions.profit_amount")
    sys.stderr.flush()


def run_verb(context: typer.Context, words: list[str]) -> None:
    """Run another verb as a person would have typed it, with the same settings."""
    root = context.find_root()
    command = root.command
    with command.make_context(root.info_name, words_with_settings(context, words), parent=None) as fresh:
        command.invoke(fresh)


def words_with_settings(context: typer.Context, words: list[str]) -> list[str]:
    """The flags this command was given before the verb, then the other verb."""
    given = context.obj.settings
    flags = [
        part
        for name in ("lake", "project", "threads", "memory")
        if given[name].origin == "flag"
        for part in (f"--{name}", given[name].value)
    ]
    return [*flags, *words]
