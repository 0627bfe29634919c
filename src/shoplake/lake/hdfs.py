"""A lake on HDFS: hdfs://NAMENODE:PORT/FOLDER, read and written over WebHDFS from here, over HDFS's own protocol by engines.

Small files (manifests, receipts, ref, CURRENT) are copied into a folder of this process before a verb reads them, so the rest of
the product sees a lake as ever. Data files stay where they are.
"""

import atexit
import errno
import getpass
import os
import re
import shutil
import socket
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

from shoplake.errors import Held, Lacking, ShoplakeError, WrongUse
from shoplake.lake.files import Entry, Files

PREFIX = "hdfs://"
_URI = re.compile(r"hdfs://(?P<host>[^/:]+)(:(?P<port>[0-9]+))?(?P<folder>/[^?#]+)")
_WEB_PORT = 9870
LOCK = "LOCK"
_AT_ONCE = 16
# What is copied here: by folder, as patterns of names. CURRENT before the manifests, or it may name one that came later.
_SMALL = ("format_version", "project", "on/*/CURRENT", "raw/_receipts/*.json", "on/*/gen/*.json", "on/*/ref/*.parquet")
_UNSEEN = (-1, -1)  # a state no file of HDFS has
T = TypeVar("T")


class HdfsFiles(Files):
    """A folder of HDFS; `root` is where its small files are kept for this process."""

    def __init__(self, uri: str, web: str = "") -> None:
        """uri: hdfs://host[:port]/folder. web: the NameNode's HTTP address, host:port; empty: the same host, port 9870.

        Raises WrongUse for another form of address, Lacking when fsspec is missing. The server is asked at the first use.
        """
        found = _URI.fullmatch(uri.rstrip("/"))
        if found is None:
            raise WrongUse(f"lake: found {uri!r}, expected hdfs://NAMENODE:PORT/FOLDER.")
        self.uri, self.folder = uri.rstrip("/"), found["folder"]
        host, _, port = web.partition(":")
        if port and not port.isdigit():
            raise WrongUse(f"webhdfs: found {web!r}, expected HOST:PORT of the NameNode's web address.")
        self.user = os.environ.get("HADOOP_USER_NAME") or getpass.getuser()
        self.web = f"{host or found['host']}:{port or _WEB_PORT}"
        self._fs = _file_system(self.web, self.user)
        self.root = Path(tempfile.mkdtemp(prefix="shoplake-lake-"))
        self._have: dict[str, tuple[int, int]] = {}
        atexit.register(shutil.rmtree, self.root, ignore_errors=True)

    def address(self, path: str) -> str:
        return f"{self.uri}/{path}" if path else self.uri

    def entries(self, folders: Iterable[str]) -> list[Entry]:
        wanted = list(folders)
        return [e for found in self._many(self._entries, wanted) for e in found]

    def _entries(self, folder: str) -> list[Entry]:
        return [Entry(f"{folder}/{Path(one['name']).name}", None if one["type"] == "directory" else one["size"]) for one in self._listed(folder)]

    def _listed(self, folder: str) -> list[dict[str, Any]]:
        """WebHDFS lists a file as itself; only folders are asked for here."""
        try:
            found = self._ask(lambda: self._fs.ls(self._there(folder), detail=True))
        except FileNotFoundError:
            return []
        return sorted(found, key=lambda one: str(one["name"]))

    def sizes(self, paths: list[str]) -> list[int | None]:
        return self._many(self._size, paths)

    def _size(self, path: str) -> int | None:
        try:
            return int(self._ask(lambda: self._fs.info(self._there(path)))["size"])
        except FileNotFoundError:
            return None

    def open(self, path: str) -> AbstractContextManager[BinaryIO]:
        found: AbstractContextManager[BinaryIO] = self._ask(lambda: self._fs.open(self._there(path), "rb"))
        return found

    def remove(self, path: str) -> None:
        self._ask(lambda: self._fs.delete(self._there(path)))
        here = self.root / path
        shutil.rmtree(here) if here.is_dir() else here.unlink(missing_ok=True)
        self._have.pop(path, None)

    def rename(self, path: str, into: str) -> None:
        there = self._there(into)
        self._ask(lambda: self._fs.makedirs(there.rpartition("/")[0], exist_ok=True))
        self._ask(lambda: self._fs.replace(self._there(path), there))

    def settle(self, paths: Iterable[str]) -> None:
        """A file that is closed is on every DataNode it is to be on."""
        return

    def share(self, path: str) -> None:
        """Written beside, then put in its place by one rename. The copy here is one like others: the next pull renews or forgets it."""
        there = self._there(path)
        beside = f"{there.rpartition('/')[0]}/.{Path(path).name}.{os.getpid()}.tmp"
        with open(self.root / path, "rb") as f:
            self._ask(lambda: self._fs.make(beside, f, overwrite=True))
        self._ask(lambda: self._fs.replace(beside, there))
        self._have[path] = _UNSEEN

    def register(self, connection: Any) -> None:
        connection.register_filesystem(self._fs)

    def pull(self) -> None:
        """Copy here what Python reads, if it has changed, and forget what is gone."""
        seen = set()
        for pattern in _SMALL:
            for one in self._matching(pattern):
                path = str(one["name"]).removeprefix(f"{self.folder}/")
                seen.add(path)
                state = (int(one["size"]), int(one["modificationTime"]))
                if self._have.get(path) != state:
                    self._fetch(path, state[1] / 1000)
                    self._have[path] = state
        for path in set(self._have) - seen:
            del self._have[path]
            (self.root / path).unlink(missing_ok=True)

    def _matching(self, pattern: str) -> list[dict[str, Any]]:
        folder, _, name = pattern.rpartition("/")
        before, star, after = folder.partition("*")
        folders = [folder]
        if star:
            base = before.rstrip("/")
            folders = [f"{base}/{Path(str(one['name'])).name}{after}" for one in self._listed(base) if one["type"] == "directory"]
        found = [one for listed in self._many(self._listed, folders) for one in listed if one["type"] == "file"]
        return [one for one in found if Path(str(one["name"])).match(name) and not Path(str(one["name"])).name.startswith(".")]

    def _fetch(self, path: str, modified: float) -> None:
        here = self.root / path
        here.parent.mkdir(parents=True, exist_ok=True)
        try:
            here.write_bytes(self._ask(lambda: self._fs.cat_file(self._there(path))))
            os.utime(here, (modified, modified))  # generations are let go by their age
        except FileNotFoundError:
            here.unlink(missing_ok=True)  # swept between the listing and now

    def holder(self, name: str = LOCK) -> str | None:
        """Who holds the lake's lock, or another of that name."""
        try:
            return str(self._ask(lambda: self._fs.cat_file(self._there(name))).decode()) or "unknown"
        except FileNotFoundError:
            return None

    @contextmanager
    def locked(self, wait_seconds: float, name: str = LOCK) -> Iterator[None]:
        """Hold a lock's file, which is made by one of all that want it; the small files are those of now. HDFS does not take it away when its holder dies: the next
        process of the same machine does; on another, a person. Raises Held."""
        me, until = f"{os.getpid()} on {socket.gethostname()}", time.monotonic() + wait_seconds
        while not self._ask(lambda: self._fs.make(self._there(name), me.encode())):
            who = self._living_holder(name)
            if who is None:  # let go since, or not yet written
                time.sleep(0.05)
                continue
            if time.monotonic() >= until:
                raise Held(
                    f"{self.uri}/{name}: held by process {who}. Wait until it has ended, or use --wait SECONDS. If it ended "
                    f"without letting go, take the file away: hdfs dfs -rm {self.uri}/{name}"
                )
            time.sleep(min(0.5, max(0.05, until - time.monotonic())))
        try:
            self.pull()  # what the last holder published; who swept by an older copy would take it for left over
            yield
        finally:
            if self.holder(name) == me:  # a person may have given it to another
                self._ask(lambda: self._fs.delete(self._there(name)))

    def _living_holder(self, name: str) -> str | None:
        """Who holds the lock; the lock of a process of this machine that has ended is taken away. Asked and taken under a lock of this
        machine: of two that find it dead, the second would take away what the first has made in its place."""
        import filelock

        lake = re.sub(r"\W", "_", self.uri)
        with filelock.FileLock(Path(tempfile.gettempdir()) / f"shoplake-{getpass.getuser()}-{lake}.lock"):
            who = self.holder(name)
            if who is None or not is_dead(who):
                return who
            self._ask(lambda: self._fs.delete(self._there(name)))
            return None

    def _there(self, path: str) -> str:
        return f"{self.folder}/{path}" if path else self.folder

    def _many(self, ask: Callable[[str], T], paths: list[str]) -> list[T]:
        if len(paths) < 2:
            return [ask(p) for p in paths]
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            return list(pool.map(ask, paths))

    def _ask(self, ask: Callable[[], T]) -> T:
        try:
            return ask()
        except FileNotFoundError:
            raise
        except Exception as e:
            raise explain(e, self.uri, self.web) from e


def is_dead(who: str) -> bool:
    """Whether a holder is known to be no more: a process of this machine that has ended."""
    pid, _, host = who.partition(" on ")
    if host != socket.gethostname() or not pid.isdigit() or int(pid) == os.getpid():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False


# What HDFS says, through whatever engine -> what to do.
SAFE_MODE = (
    r"(?i)safe ?mode",
    "HDFS is in safe mode and takes no writes ({said}). Wait until its DataNodes have reported, or end it with "
    "`hdfs dfsadmin -safemode leave`; then run the same again.",
)
NO_ROOM = (
    r"No space left|Disk quota|QuotaExceeded|could only be (?:written|replicated) to 0|Failed to find datanode",
    "no disk has room for what is written ({said}). Free some space on the DataNodes, see that one is up, and run the same again.",
)
_TOLD: tuple[tuple[str, str], ...] = (
    SAFE_MODE,
    NO_ROOM,
    (
        r"Permission denied|AccessControlException|PermissionError",
        "HDFS does not let {user} do that ({said}). Give the right, or name another user in HADOOP_USER_NAME.",
    ),
    (
        r"Connection refused|Max retries|NameResolution|timed out|ConnectTimeout|Connection aborted|(?i:failed to connect)",
        "no NameNode answers at http://{web} ({said}). Start it, or name its web address: SHOPLAKE_WEBHDFS=HOST:PORT (its dfs.namenode.http-address).",
    ),
    (r"(?i)standby", "the NameNode at {web} is on standby ({said}). Name the active one in SHOPLAKE_WEBHDFS."),
)


def explain(e: Exception, uri: str, web: str) -> ShoplakeError:
    """An error of WebHDFS as one a person can act on."""
    text = f"{type(e).__name__}: {e}"
    said = next((line.strip() for line in str(e).splitlines() if line.strip()), type(e).__name__)[:300]
    user = os.environ.get("HADOOP_USER_NAME") or getpass.getuser()
    for pattern, sentence in _TOLD:
        if re.search(pattern, text):
            return Lacking(f"{uri}: " + sentence.format(said=said, web=web, user=user))
    return Lacking(f"{uri}: HDFS refused ({said}). The logs of its NameNode and DataNodes say more; then run the same again.")


@lru_cache(maxsize=8)
def on_hdfs(uri: str, web: str) -> HdfsFiles:
    """One for each lake of a process. See HdfsFiles."""
    return HdfsFiles(uri, web)


def _file_system(web: str, user: str) -> Any:
    """fsspec's WebHDFS with what it lacks: a rename that replaces, a file that is made by one of many."""
    try:
        from fsspec.implementations.webhdfs import WebHDFS
    except ImportError as e:
        raise Lacking(f"a lake on HDFS needs fsspec and requests ({e}). Install them: pip install 'shoplake[hadoop]'.") from e

    class Hdfs(WebHDFS):  # type: ignore[misc]  # fsspec has no types
        # DuckDB asks for files by the address engines use.
        protocol = ("hdfs",)

        def replace(self, path: str, into: str) -> None:
            self._call("RENAME", method="put", path=path, destination=into, renameoptions="OVERWRITE")

        def make(self, path: str, data: bytes | BinaryIO, overwrite: bool = False) -> bool:
            """A file in one stream; False when there is one already. The second step of creating is the DataNode's."""
            first = self._call("CREATE", method="put", path=path, overwrite=str(overwrite).lower(), redirect=False)
            answer = self.session.put(first.headers["Location"], data=data)
            if answer.ok:
                return True
            if "FileAlreadyExists" in answer.text:
                return False
            raise OSError(errno.EIO, answer.text)

        def delete(self, path: str) -> None:
            self._call("DELETE", method="delete", path=path, recursive="true")

    host, _, port = web.partition(":")
    return Hdfs(host=host, port=int(port), user=user, use_listings_cache=False, skip_instance_cache=True)
