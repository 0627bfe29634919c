"""The verb `stream`. Light on purpose: `--help` reads it."""

from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any

import typer

from shoplake.errors import CheckFailed, WrongUse

app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None,
    help="Events in motion, through Kafka: nothing lost, nothing twice.\n\n"
    "Example: shoplake stream topics && shoplake stream produce --rate 100 --duration 60 && shoplake --lake shop stream consume --until-end",
)  # fmt: skip

TOPIC = Annotated[str, typer.Option(help="Topic of the events", metavar="NAME")]
PLAINTEXT = Annotated[bool, typer.Option("--allow-plaintext", help="Speak unencrypted to another machine")]
SET = Annotated[list[str] | None, typer.Option("--set", help="A setting of Kafka's client, before those of its file (repeatable)", metavar="KEY=VALUE")]
JSON = Annotated[bool, typer.Option("--json", help="Print one JSON envelope")]
EVERY = Annotated[float, typer.Option(help="Seconds between two lines of progress", metavar="SECONDS")]
EVENTS = "clickstream"
# What --set may not change: the way to the broker, secrets (every user of the machine reads a command line), and what the files' names rest on.
GUARDED = ("bootstrap.", "metadata.broker", "security.", "sasl.", "ssl.", "plugin.")
KEPT = {"auto.offset.reset", "enable.auto.commit", "enable.auto.offset.store", "enable.partition.eof", "isolation.level", "partition.assignment.strategy", "enable.idempotence", "acks", "group.id"}


@app.command()
def topics(
    context: typer.Context,
    check: Annotated[bool, typer.Option("--check", help="Compare only; make nothing")] = False,
    allow_plaintext: PLAINTEXT = False,
    json: JSON = False,
) -> None:
    """Make the topics that are missing, and compare those there are with topics.yml.

    Example: shoplake stream topics --check
    """
    from shoplake.stream.broker import connect
    from shoplake.stream.topics import ensure
    from shoplake.terminal import emit_json, out

    broker = connect(context.obj, allow_plaintext)
    found = ensure(broker, check_only=check)
    if json:
        emit_json("stream_topics", {"broker": broker.address, "topics": [vars(one) for one in found]})
        return
    for one in found:
        out(f"{one.name:<28} {one.partitions} partitions  {'made' if one.made else 'as described'}")


@app.command()
def produce(
    context: typer.Context,
    source: Annotated[str, typer.Option("--from", help="live: new events of the made shop; lake: the lake's clicks once more", metavar="NAME")] = "live",
    rate: Annotated[str, typer.Option(help="Events a second, or max [default: 100; max for --from lake]", metavar="N", show_default=False)] = "",
    burst: Annotated[str, typer.Option(help="Times the rate, in the first seconds of each --burst-every", metavar="5x")] = "1x",
    burst_every: Annotated[float, typer.Option(help="Seconds from one burst to the next", metavar="SECONDS")] = 60,
    burst_for: Annotated[float, typer.Option(help="Seconds a burst lasts", metavar="SECONDS")] = 5,
    duration: Annotated[float | None, typer.Option(help="End after so many seconds", metavar="SECONDS")] = None,
    events: Annotated[int | None, typer.Option(help="End after so many events", metavar="N")] = None,
    speed: Annotated[str, typer.Option(help="Of --from lake: 1x as they happened, 60x faster, or max", metavar="1x")] = "max",
    from_ds: Annotated[str | None, typer.Option(help="Of --from lake: first day of arrival", metavar="DAY")] = None,
    to_ds: Annotated[str | None, typer.Option(help="Of --from lake: last day of arrival", metavar="DAY")] = None,
    compression: Annotated[str, typer.Option(help="snappy, lz4, zstd, gzip or none", metavar="NAME")] = "snappy",
    resume: Annotated[bool, typer.Option("--resume", help="Send what earlier runs could not, and nothing else")] = False,
    spill: Annotated[Path | None, typer.Option(help="What cannot be sent is kept there [default: spill-TOPIC.jsonl]", metavar="FILE", show_default=False)] = None,
    topic: TOPIC = EVENTS,
    set_: SET = None,
    every: EVERY = 5,
    allow_plaintext: PLAINTEXT = False,
    json: JSON = False,
) -> None:
    """Send events at an exact rate, each acknowledged, or kept in the spill file.

    Example: shoplake stream produce --rate 100 --burst 5x --burst-every 60 --duration 300
    """
    from shoplake.stream.broker import connect
    from shoplake.stream.produce import FromItems, Options, Sender, Source
    from shoplake.stream.pulse import Pulse
    from shoplake.stream.spill import Spill
    from shoplake.terminal import emit_json, say

    pace = _pace(rate or ("100" if source == "live" and not resume else "max"), burst, burst_every, burst_for)
    broker = connect(context.obj, allow_plaintext)
    broker.require_topic(topic)
    kept = Spill(spill or Path(f"spill-{topic}.jsonl"))
    told = broker.producer({"compression.type": compression, **_settings(set_)})
    pulse = Pulse("produce", None, every)
    sender = Sender(told, topic, kept, pulse)
    items: Source
    if resume:
        items = FromItems(kept.take_up())
    elif source == "lake":
        from shoplake.stream.replay import replay

        items = FromItems(replay(context.obj.lake, from_ds, to_ds), None if speed == "max" else _times(speed, "--speed"))
    elif source == "live":
        items = _live(context.obj, pace.mean)
    else:
        raise WrongUse(f"--from: found {source!r}, expected live or lake.")
    sender.run(items, pace, Options(events, duration))
    if resume and items.is_done:
        kept.sent()
    elif resume:
        kept.release()
        say(f"not all of {kept.sending} was sent: the next --resume sends it once more")
    if json:
        emit_json("stream_produce", pulse.snapshot("ended"))
    else:
        say(f"produced {sender.produced:,} = acknowledged {sender.acknowledged:,} + spilled {kept.count:,}")
    if kept.count:
        reasons = ", ".join(f"{name} {count:,}" for name, count in sorted(kept.reasons.items()))
        raise CheckFailed(f"{kept.count:,} events could not be sent ({reasons}). They are in {kept.file}; send them with --resume.")


@app.command()
def consume(
    context: typer.Context,
    batch: Annotated[int, typer.Option(help="Events in a batch at most", metavar="N")] = 1000,
    timeout: Annotated[float, typer.Option(help="Seconds an event waits for its batch at most", metavar="SECONDS")] = 10,
    until_end: Annotated[bool, typer.Option("--until-end", help="Stop when all there is has been landed")] = False,
    duration: Annotated[float | None, typer.Option(help="Stop after so many seconds", metavar="SECONDS")] = None,
    accept_loss: Annotated[bool, typer.Option("--accept-loss", help="Go on where events were deleted before they were landed")] = False,
    split: Annotated[bool, typer.Option("--split/--no-split", help="Bring what was landed into raw, each hour and at the end")] = True,
    group: Annotated[str, typer.Option(help="Consumer group: landers of one group share the partitions", metavar="NAME")] = "shoplake-lander",
    partitions: Annotated[str, typer.Option(help="Land these, and share with no group: all, or 0,2", metavar="LIST", show_default=False)] = "",
    topic: TOPIC = EVENTS,
    set_: SET = None,
    every: EVERY = 5,
    allow_plaintext: PLAINTEXT = False,
    json: JSON = False,
) -> None:
    """Land events in files, each exactly once, whatever is killed; then they are raw like any other delivery.

    Example: shoplake --lake shop stream consume --batch 1000 --timeout 10
    """
    if batch < 1 or timeout < 0:
        raise WrongUse(f"--batch {batch} --timeout {timeout}: expected at least one event, and no time below 0.")
    from shoplake.stream.consume import Options
    from shoplake.stream.jobs import land

    options = Options(batch, timeout, until_end, duration, accept_loss, group, (), _settings(set_))
    pulse = land(context.obj, topic, options, partitions, allow_plaintext, every, split)
    if json:
        from shoplake.terminal import emit_json

        emit_json("stream_consume", pulse.snapshot("ended"))


@app.command()
def process(
    context: typer.Context,
    trigger: Annotated[float, typer.Option(help="Seconds from one batch to the next; 0 for at once", metavar="SECONDS")] = 1,
    until_end: Annotated[bool, typer.Option("--until-end", help="Stop when all there is has been processed")] = False,
    most: Annotated[int, typer.Option(help="Records in a batch at most", metavar="N")] = 200_000,
    jars: Annotated[str, typer.Option(help="Folder with Spark's Kafka source [default: Spark fetches it]", metavar="DIR", show_default=False)] = "",
    topic: TOPIC = EVENTS,
    every: EVERY = 5,
    allow_plaintext: PLAINTEXT = False,
    json: JSON = False,
) -> None:
    """Judge events as they come, by clean's own rules, on Spark: Parquet by the hour, figures by the minute.

    Example: shoplake --lake shop stream process --trigger 1
    """
    if trigger < 0:
        raise WrongUse(f"--trigger {trigger}: expected no time below 0.")
    from shoplake.stream.jobs import process as run
    from shoplake.stream.process import Options

    pulse = run(context.obj, topic, Options(trigger, until_end, jars, most), allow_plaintext, every)
    if json:
        from shoplake.terminal import emit_json

        emit_json("stream_process", pulse.snapshot("ended"))


@app.command("split")
def split_landed(context: typer.Context, json: JSON = False) -> None:
    """Bring what streams have landed into raw, where a build finds it. `consume` does it each hour and at its end.

    Example: shoplake --lake shop stream split
    """
    from shoplake.contracts import load
    from shoplake.stream.split import split
    from shoplake.terminal import emit_json, out

    found = split(context.obj.lake, load(context.obj["project"]))
    if json:
        emit_json("stream_split", {"deliveries": [vars(one) for one in found]})
        return
    for one in found:
        out(f"{one.topic}: {one.records:,} records of {one.files:,} files are raw of {', '.join(f'{ds} ({n:,})' for ds, n in sorted(one.days.items())) or 'no day'}")
    if not found:
        out("nothing new has landed")


@app.command()
def audit(
    context: typer.Context,
    offline: Annotated[bool, typer.Option("--offline", help="Do not ask the broker where its topics end")] = False,
    allow_plaintext: PLAINTEXT = False,
    json: JSON = False,
) -> None:
    """Account for every offset: landed, unlandable, lost; find every gap, overlap and damaged file.

    Exit code 1 when something is wrong. Example: shoplake --lake shop stream audit
    """
    from shoplake.stream.audit import audit as run
    from shoplake.stream.audit_text import as_json, as_text, wrong
    from shoplake.stream.broker import connect
    from shoplake.terminal import emit_json, out

    context.obj.lake.require()
    found = run(context.obj.lake, None if offline else connect(context.obj, allow_plaintext))
    emit_json("stream_audit", as_json(found)) if json else out(as_text(found))
    if not found.is_whole:
        raise CheckFailed(wrong(found))


@app.command()
def minutes(context: typer.Context, topic: TOPIC = EVENTS, last: Annotated[int, typer.Option(help="Show so many minutes", metavar="N")] = 10, json: JSON = False) -> None:
    """Show the last minutes' figures; those of a minute that is still open are provisional.

    Example: shoplake --lake shop stream minutes --last 5
    """
    from shoplake.stream.minutes_text import as_text, last_minutes
    from shoplake.terminal import emit_json, out

    rows = last_minutes(context.obj.lake, topic, last)
    emit_json("stream_minutes", {"minutes": rows}) if json else out(as_text(rows))


@app.command()
def status(context: typer.Context, allow_plaintext: PLAINTEXT = False, json: JSON = False) -> None:
    """Show brokers, lag, jobs, freshness and rejected messages. Exit code 1 when something is wrong.

    Example: shoplake --lake shop stream status
    """
    from shoplake.stream.broker import connect
    from shoplake.stream.status import as_text
    from shoplake.stream.status import status as run
    from shoplake.terminal import emit_json, out

    context.obj.lake.require()
    found = run(context.obj.lake, connect(context.obj, allow_plaintext))
    emit_json("stream_status", found) if json else out(as_text(found))
    if found["troubles"]:
        raise CheckFailed("; ".join(found["troubles"]))


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def supervise(context: typer.Context) -> None:
    """Keep a job alive: restart it when it ends by itself, at most 3 times an hour, never two of one kind.

    Example: shoplake --lake shop stream supervise consume --batch 1000
    """
    from shoplake.stream.supervise import supervise as run

    words = list(context.args)
    if not words or words[0] not in ("consume", "process", "produce"):
        raise WrongUse(f"supervise: found {' '.join(words) or 'nothing'}, expected consume, process or produce and its options.")
    _settings([following for word, following in pairwise(words) if word == "--set"])
    from shoplake.stream.jobs import passed_on

    lake = context.obj.lake
    lake.create()
    raise typer.Exit(run(lake, ["--lake", str(lake.root), *passed_on(context.obj), "stream", *words]))


def _pace(rate: str, burst: str, burst_every: float, burst_for: float) -> Any:
    from shoplake.stream.pace import Pace

    if burst_every <= 0 or not 0 <= burst_for <= burst_every:
        raise WrongUse(f"--burst-every {burst_every} --burst-for {burst_for}: expected seconds above 0, a burst no longer than the time between two.")
    factor = _times(burst, "--burst")
    if rate == "max":
        return Pace(None)
    try:
        number = float(rate.replace("_", "").replace(",", ""))
    except ValueError:
        number = 0
    if not 0 < number < 1e9:
        raise WrongUse(f"--rate: found {rate!r}, expected events a second like 100, or max.")
    return Pace(number, factor, burst_every, burst_for)


def _times(text: str, what: str) -> float:
    try:
        number = float(text.removesuffix("x"))
    except ValueError:
        number = 0
    if not 0 < number < 1e9:
        raise WrongUse(f"{what}: found {text!r}, expected a factor like 5x.")
    return number


def _settings(pairs: list[str] | None) -> dict[str, str]:
    found = {}
    for text in pairs or ():
        key, equals, value = text.partition("=")
        if not equals:
            raise WrongUse(f"--set: found {text!r}, expected KEY=VALUE like linger.ms=5.")
        if key.strip().startswith(GUARDED) or key.strip() in KEPT:
            raise WrongUse(f"--set {key}: not by --set. Where Kafka is, who we are and what is guaranteed has settings of its own: kafka, kafka_protocol, kafka_user, kafka_ca, SHOPLAKE_KAFKA_PASSWORD.")
        found[key.strip()] = value.strip()
    return found


def _live(session: Any, rate: float | None) -> Any:
    """Events of the shop that this lake was made with, or of the default one."""
    from shoplake.generate.made import plan_of_lake
    from shoplake.settings import zone
    from shoplake.stream.clock import now_ms
    from shoplake.stream.live import Live
    from shoplake.stream.produce import FromLive
    from shoplake.stream.wire import LocalDays

    live = Live(plan_of_lake(session.lake), rate or 50_000, now_ms() & 0xFFFFFFFF)
    return FromLive(live.take, LocalDays(zone(session["timezone"], "timezone")).of)
