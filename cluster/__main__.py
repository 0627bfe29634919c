"""`python -m cluster`: real servers for a person on this machine.

resolve [PART]        fetch what the servers are made of, once
up | down | status    HDFS and Hive under --dir, which keeps their data
kafka up | down | status    a Kafka broker under --dir [default: demo-kafka]
mlflow up | down | status   MLflow's server under --dir [default: demo-mlflow]
env                   their addresses, as lines for a shell: python -m cluster env > cluster.env; . ./cluster.env
beeline | pig | fs    a program connected to them; what follows is its own: fs -ls /
"""

import argparse
import os
import signal
import sys
from pathlib import Path

from cluster import java
from cluster.here import DEFAULT, Cluster
from cluster.kafka import Kafka
from cluster.mlflow_server import MLflow
from cluster.ports import HOST
from cluster.programs import Beeline, Pig, shell
from cluster.resolve import PARTS, resolve
from shoplake.errors import ShoplakeError

KAFKA, MLFLOW = Path("demo-kafka"), Path("demo-mlflow")
# Where Kafka is looked for when nothing else is said.
USUAL = {"client-1": 9092, "controller-1": 9093}
STAY = ("up", "down", "status")
PROGRAMS = ("beeline", "pig", "fs")
COMMANDS = ("resolve", "up", "down", "status", "env", "kafka", "mlflow", *PROGRAMS)


def arguments(words: list[str]) -> tuple[argparse.Namespace, list[str]]:
    """What is asked of us, and what is meant for the program: all behind its name and --dir, options that look like ours included."""
    parser = argparse.ArgumentParser(
        prog="cluster", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("command", choices=COMMANDS)
    parser.add_argument("what", nargs="?", default="", help=argparse.SUPPRESS)
    parser.add_argument("--dir", type=Path, help="[default: demo-cluster]")
    ours = len(words)
    if words and words[0] in PROGRAMS:
        ours = 3 if words[1:2] == ["--dir"] else 1
    asked = parser.parse_args(words[:ours])
    allowed = {"resolve": ("", *PARTS), "kafka": STAY, "mlflow": STAY}.get(asked.command, ("",))
    if asked.what not in allowed:
        parser.error(f"unrecognized arguments: {asked.what}; {asked.command} takes {', '.join(filter(None, allowed)) or 'none'}" if asked.what else f"{asked.command} takes {', '.join(allowed)}")
    asked.dir = asked.dir or {"kafka": KAFKA, "mlflow": MLFLOW}.get(asked.command, DEFAULT)
    return asked, words[ours:]


def program(asked: argparse.Namespace) -> list[str]:
    """The words that run beeline, Pig or Hadoop's file commands against the cluster."""
    cluster = Cluster(asked.dir)
    cluster.require_running()
    if asked.command == "beeline":
        return Beeline(cluster.hive.port, cluster.folder).command()
    if asked.command == "pig":
        return Pig(cluster.folder, hdfs=cluster.hdfs).command()
    return shell(cluster.hdfs, cluster.folder)


def broker(what: str, folder: Path) -> int:
    """Start, stop or look at the one broker of a folder; the exit code."""
    kafka = Kafka(folder, ports=USUAL)
    (server,) = kafka.servers
    if what == "up":
        if server.pid is None:
            print(f"Starting Kafka in {kafka.folder} ...", file=sys.stderr, flush=True)
            kafka.start()
        print(f"Kafka        {kafka.bootstrap}")
        if kafka.bootstrap != f"{HOST}:{USUAL['client-1']}":
            print(f"export SHOPLAKE_KAFKA={kafka.bootstrap}")
        return 0
    if what == "down":
        print("stopped: kafka" if server.pid is not None else f"{folder}: no Kafka runs there")
        kafka.stop()
        return 0
    well = server.pid is not None and kafka.is_ready()
    print(f"kafka        {f'runs (pid {server.pid}) at {kafka.bootstrap}' if well else f'does not run; its log: {server.log}'}")
    return 0 if well else 1


def tracking_server(what: str, folder: Path) -> int:
    """Start, stop or look at the MLflow server of a folder; the exit code."""
    mlflow = MLflow(folder)
    pid = mlflow.server.pid
    if what == "up":
        if pid is None:
            print(f"Starting MLflow in {mlflow.folder} ...", file=sys.stderr, flush=True)
            mlflow.start()
        mlflow.server.wait(lambda: mlflow.is_ready)  # another may be starting it
        print(f"export MLFLOW_TRACKING_URI={mlflow.uri}")
        return 0
    if what == "down":
        print("stopped: mlflow" if pid is not None else f"{folder}: no MLflow runs there")
        mlflow.stop()
        return 0
    well = pid is not None and mlflow.is_ready
    print(f"mlflow       {f'runs (pid {pid}) at {mlflow.uri}' if well else f'does not run; its log: {mlflow.server.log}'}")
    return 0 if well else 1


def main() -> None:
    asked, words = arguments(sys.argv[1:])
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was half started is stopped
    try:
        if asked.command == "resolve":
            for part in [asked.what] if asked.what else PARTS:
                print(f"{part:<8} {resolve(part)}")
        elif asked.command == "kafka":
            sys.exit(broker(asked.what, asked.dir))
        elif asked.command == "mlflow":
            sys.exit(tracking_server(asked.what, asked.dir))
        elif asked.command == "up":
            cluster = Cluster(asked.dir)
            cluster.up()
            print("\n".join(cluster.connect()))
        elif asked.command == "down":
            stopped = Cluster(asked.dir).down()
            print(f"stopped: {', '.join(stopped)}" if stopped else f"{asked.dir}: nothing runs there")
        elif asked.command == "status":
            cluster = Cluster(asked.dir)
            well, lines = cluster.status()
            print("\n".join([*lines, *cluster.connect()] if well else lines))
            sys.exit(0 if well else 1)
        elif asked.command == "env":
            cluster = Cluster(asked.dir)
            cluster.require_running()
            print("\n".join(f"export {name}={value}" for name, value in cluster.env().items()))
        else:
            called = [*program(asked), *words]
            os.execve(called[0], called, java.environment())
    except ShoplakeError as e:
        print(e, file=sys.stderr)
        sys.exit(e.exit_code)


if __name__ == "__main__":
    main()
