"""Settings: a flag beats the environment (SHOPLAKE_*), which beats shoplake.toml, which beats the default."""

import os
import tomllib
from dataclasses import dataclass, field, replace
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from shoplake.errors import WrongUse
from shoplake.lake.hdfs import PREFIX, on_hdfs
from shoplake.lake.layout import Lake

SETTINGS_FILE = "shoplake.toml"
EMBEDDED = "duckdb"
ENGINES = (EMBEDDED, "spark", "hive")
# In the lake: the project that made what is published, so that the next build does not silently take another.
PROJECT_FILE = "project"

# name -> (default, what it is)
KNOWN: dict[str, tuple[str, str]] = {
    "lake": ("lake", "folder of the lake; on HDFS: hdfs://namenode:port/folder"),
    "webhdfs": ("", "the NameNode's web address, as host:port; empty: the lake's host, port 9870"),
    "project": ("", "folder with the shop's own contracts/ and warehouse/; empty: the ones inside the package"),
    "timezone": ("UTC", "the shop's time zone: dates and hours are told in it"),
    "currency": ("EUR", "currency of a row that names none"),
    "country": ("", "country whose public holidays dim_date marks (ISO 3166)"),
    "engine": ("duckdb", "the engine that builds and answers: duckdb, spark, hive"),
    "spark_master": ("", "Spark's master, such as spark://host:7077; empty: this machine"),
    "hive": ("localhost:10000", "HiveServer2, as host:port"),
    "hive_user": ("shoplake", "who logs in there; the password comes from SHOPLAKE_HIVE_PASSWORD alone"),
    "kafka": ("localhost:9092", "Kafka's brokers, as host:port, several with commas between"),
    "kafka_protocol": ("", "PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL; empty: SASL_SSL, and PLAINTEXT on this machine"),
    "kafka_user": ("", "who logs in there; the password comes from SHOPLAKE_KAFKA_PASSWORD or the file SHOPLAKE_KAFKA_PASSWORD_FILE names"),
    "kafka_ca": ("", "PEM file of the authority that signed the brokers' certificates; empty: the system's"),
    "threads": ("0", "threads of the embedded engine; 0: as many as there are processors"),
    "keep": ("7", "generations that are kept"),
    "memory": ("2GB", "memory limit of the embedded engine"),
}


@dataclass(frozen=True)
class Setting:
    value: str
    origin: str  # flag | environment | shoplake.toml | the lake | default


@dataclass(frozen=True)
class Session:
    """What every command is given: the resolved settings and how to answer."""

    settings: dict[str, Setting] = field(default_factory=dict)
    json: bool = False

    def __getitem__(self, name: str) -> str:
        return self.settings[name].value

    @property
    def lake(self) -> Lake:
        """The lake, as the engine of this session sees it."""
        engine = "" if self["engine"] == EMBEDDED else self["engine"]
        if self["lake"].startswith(PREFIX):
            there = on_hdfs(self["lake"], self["webhdfs"])
            return Lake(there.root, engine, there)
        return Lake(Path(self["lake"]), engine)

    def require_engine(self) -> None:
        """Raises WrongUse when this engine cannot build and answer where the lake lies."""
        if self["lake"].startswith(PREFIX) and self["engine"] == EMBEDDED:
            raise WrongUse(
                f"{self['lake']}: a lake on HDFS is built and read by Spark or Hive, found engine {self['engine']} "
                f"({self.settings['engine'].origin}). Add --engine spark, or set SHOPLAKE_ENGINE=spark."
            )

    def on(self, engine: str | None) -> "Session":
        """This session with the engine a verb was told, if it was. Raises WrongUse for one that is none."""
        if engine is None:
            return self
        _check_engine(engine, "--engine")
        return replace(self, settings={**self.settings, "engine": Setting(engine, "--engine")})


def resolve(flags: dict[str, str | None], json: bool = False, folder: Path | None = None) -> Session:
    """Read every known setting from its highest source.

    Raises WrongUse for an unknown key in shoplake.toml, naming the file and the nearest known key.
    """
    path = (folder or Path.cwd()) / SETTINGS_FILE
    written: dict[str, object] = {}
    if path.exists():
        try:
            written = tomllib.loads(path.read_text(encoding="utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as e:
            raise WrongUse(f"{path}: not TOML ({e}). Mend the line, or delete the file to use the defaults.") from e
        for key, value in written.items():
            if key not in KNOWN:
                raise WrongUse(f"{path}: unknown setting {key!r}. Expected one of: {', '.join(KNOWN)}.")
            if not isinstance(value, str | int):
                raise WrongUse(f"{path}: {key} is {value!r}, expected a text or a whole number.")
    found = {}
    for name, (default, _) in KNOWN.items():
        variable = f"SHOPLAKE_{name.upper()}"
        flag = flags.get(name)
        if flag is not None:
            found[name] = Setting(flag, "flag")
        elif variable in os.environ:
            found[name] = Setting(os.environ[variable], f"environment {variable}")
        elif name in written:
            found[name] = Setting(str(written[name]), str(path))
        else:
            found[name] = Setting(default, "default")
    if not found["lake"].value.strip():  # an unset variable of a shell: the folder one stands in would become a lake
        raise WrongUse(f"lake: empty ({found['lake'].origin}), expected a folder. Is the variable that should name it set?")
    remembered = Path(found["lake"].value) / PROJECT_FILE
    if found["project"].origin == "default" and remembered.exists():
        found["project"] = Setting(
            remembered.read_text(encoding="utf-8").strip(), f"{remembered}, written by the last build"
        )
    if found["project"].origin == str(path):
        found["project"] = Setting(str(path.parent / found["project"].value), str(path))
    for name in ("threads", "keep"):
        if not found[name].value.isdigit():
            raise WrongUse(f"{name}: found {found[name].value!r} ({found[name].origin}), expected a whole number.")
    _check_engine(found["engine"].value, found["engine"].origin)
    zone(found["timezone"].value, f"timezone ({found['timezone'].origin})")
    return Session(found, json)


def _check_engine(value: str, origin: str) -> None:
    if value not in ENGINES:
        raise WrongUse(f"engine: found {value!r} ({origin}), expected one of {', '.join(ENGINES)}.")


def zone(name: str, what: str) -> ZoneInfo:
    """The time zone of that name, from the pinned tzdata package. Raises WrongUse naming `what`."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        import difflib
        from zoneinfo import available_timezones

        near = difflib.get_close_matches(name, available_timezones(), n=1, cutoff=0.5)
        hint = f" Did you mean {near[0]}?" if near else ""
        raise WrongUse(f"{what}: unknown time zone {name!r}, expected an IANA name like Europe/London.{hint}") from None
