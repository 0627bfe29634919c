"""The command line: one verb a package, nothing else."""

import sys
from typing import Annotated

import typer

from shoplake import __version__
from shoplake import demo as demo_command
from shoplake.build import command as build_command
from shoplake.contracts import command as contracts_command
from shoplake.errors import ShoplakeError
from shoplake.generate import command as generate_command
from shoplake.ingest import command as ingest_command
from shoplake.learn import command as learn_command
from shoplake.look import command as look_command
from shoplake.stream import command as stream_command

app = typer.Typer(
    name="shoplake",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="From raw clicks and orders to a warehouse that can be trusted.\n\nExample: shoplake --lake shop generate all && shoplake --lake shop build",
)


def _version(shown: bool) -> None:
    if shown:
        typer.echo(f"shoplake {__version__}")
        raise typer.Exit


@app.callback()
def settings(
    context: typer.Context,
    lake: Annotated[
        str | None, typer.Option(help="Folder of the lake [default: ./lake, or SHOPLAKE_LAKE]", metavar="DIR")
    ] = None,
    project: Annotated[
        str | None, typer.Option(help="Folder with your own contracts/ and warehouse/", metavar="DIR")
    ] = None,
    threads: Annotated[
        str | None, typer.Option(help="Threads of the embedded engine [default: all processors]", metavar="N")
    ] = None,
    memory: Annotated[
        str | None, typer.Option(help="Memory limit of the embedded engine [default: 2GB]", metavar="SIZE")
    ] = None,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version")
    ] = False,
) -> None:
    from shoplake.settings import resolve

    context.obj = resolve({"lake": lake, "project": project, "threads": threads, "memory": memory})


app.add_typer(generate_command.app, name="generate")
app.command("build")(build_command.build)
app.command("ingest")(ingest_command.ingest)
app.command("init")(contracts_command.init)
app.command("demo")(demo_command.demo)
app.add_typer(stream_command.app, name="stream")
stream_command.app.command("reconcile")(look_command.reconcile)
app.add_typer(look_command.show_app, name="show")
app.add_typer(learn_command.app, name="learn")
for verb in (
    look_command.query,
    look_command.explain,
    look_command.verify,
    look_command.export,
    look_command.rollback,
    look_command.doctor,
):
    app.command()(verb)


def _hoist_lake(arguments: list[str]) -> list[str]:
    """`--lake DIR` may stand anywhere on the line, not only before the verb."""
    for i, word in enumerate(arguments):
        if word == "--":
            break
        if word == "--lake" and i + 1 < len(arguments):
            return [word, arguments[i + 1], *arguments[:i], *arguments[i + 2 :]]
        if word.startswith("--lake="):
            return [word, *arguments[:i], *arguments[i + 1 :]]
    return arguments


def main(arguments: list[str] | None = None) -> None:
    """Run, and turn every failure a person can act on into one sentence and its exit code."""
    try:
        app(_hoist_lake(sys.argv[1:] if arguments is None else arguments), standalone_mode=True)
    except ShoplakeError as e:
        typer.echo(f"shoplake: {e}", err=True)
        raise SystemExit(e.exit_code) from None
    except KeyboardInterrupt:
        typer.echo("shoplake: stopped. What was published before is unchanged; run the same command again.", err=True)
        raise SystemExit(130) from None
