"""Ports of this machine's own address that nobody uses."""

import json
import random
import socket
from collections.abc import Mapping
from pathlib import Path

from shoplake.errors import Lacking

HOST = "127.0.0.1"
# Below the range that outgoing connections take theirs from: a stopped server finds its port free again.
RANGE = range(20_000, 32_000)


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the servers do
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def is_answered(port: int) -> bool:
    """Whether a server listens there."""
    with socket.socket() as probe:
        probe.settimeout(2)
        return probe.connect_ex((HOST, port)) == 0


def noted(folder: Path) -> dict[str, int]:
    """The ports of last time by name; none when there was no last time."""
    file = folder / "ports.json"
    if not file.exists():
        return {}
    ports: dict[str, int] = json.loads(file.read_text(encoding="utf-8"))
    return ports


def kept(folder: Path, names: list[str], usual: Mapping[str, int] | None = None) -> dict[str, int]:
    """A free port for each name: the ones of last time, since tables and clients remember them, or new ones.

    usual: what a name gets when it is free.

    Raises Lacking when a port of last time is used by another process.
    """
    file = folder / "ports.json"
    if ports := noted(folder):
        for name, port in ports.items():
            if not is_free(port):
                raise Lacking(
                    f"{file}: port {port} ({name}) is used by another process. End that one; "
                    "or delete this file, and tables that name the old address will not be found."
                )
        return ports
    chosen: list[int] = []
    draw = random.SystemRandom()
    while len(chosen) < len(names):
        wished = (usual or {}).get(names[len(chosen)])
        port = wished if wished and is_free(wished) and wished not in chosen else draw.choice(RANGE)
        if port not in chosen and is_free(port):
            chosen.append(port)
    ports = dict(zip(names, chosen, strict=True))
    folder.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(ports, indent=1), encoding="utf-8")
    return ports
