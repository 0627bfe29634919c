"""Landing one delivered file: copy, recognise, split, check the count, measure, and only then make it visible."""

from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

from shoplake.contracts import Contracts
from shoplake.errors import ShoplakeError, WrongUse
from shoplake.ingest import arrive, csv_text, through
from shoplake.ingest.convert import convert
from shoplake.ingest.measure import measure
from shoplake.ingest.recognise import Recognised, recognise
from shoplake.ingest.sources import Options, all_sources
from shoplake.ingest.text import LATIN1, UTF8, Stream, Window, first_not_utf8
from shoplake.ingest.times import LocalTimes
from shoplake.ingest.write import RawTable, move
from shoplake.lake.layout import Lake, disk_in_words
from shoplake.lake.receipts import RawFile, Receipt, read_receipts, write_receipt


@dataclass(frozen=True)
class Request:
    """What to do with a file. `timezone`, `encoding` and the two switches decide what its rows become."""

    ds: str
    source: str = ""
    table: str = ""
    timezone: str = ""
    encoding: str = ""
    drop_repeated_lines: bool = False
    ignore_extra_columns: bool = False
    ds_origin: str = "--ds"
    threads: int = 0
    memory: str = "2GB"

    def settings(self) -> dict[str, object]:
        return {
            "timezone": self.timezone,
            "encoding": self.encoding,
            "drop_repeated_lines": self.drop_repeated_lines,
            "ignore_extra_columns": self.ignore_extra_columns,
        }


def land(lake: Lake, path: Path, request: Request, contracts: Contracts) -> dict[str, object]:
    """Land one file; its summary (the keys are those of `shoplake ingest --json`).

    A file that was landed before changes nothing. On any failure nothing of it is visible.

    Raises WrongUse for a file that cannot be read or is not what it has to be, Lacking when the lake cannot be written
    or the disk is full, Held while another ingest is at work on this lake.
    """
    name = arrive.name_of(path)
    arrive.check_readable(path)
    lake.create()
    with disk_in_words(lake), arrive.incoming(lake) as folder:
        original = folder / "original"
        sha256, size = arrive.copy(path, original)
        found = recognise(
            original, name, all_sources(), contracts, request.source, request.table, request.ignore_extra_columns
        )
        landing = _Landing(lake, _File(original, name, size, sha256), found, request, contracts)
        return landing.before() or landing.run()


@dataclass(frozen=True)
class _File:
    path: Path
    name: str
    bytes: int
    sha256: str


class _Landing:
    """One file on its way into raw."""

    def __init__(self, lake: Lake, file: _File, found: Recognised, request: Request, contracts: Contracts) -> None:
        self.lake, self.file, self.found, self.request, self.contracts = lake, file, found, request, contracts
        self.kind = found.form.table or found.source.name
        self.receipt_name = f"ingest-{file.sha256[:12]}-{self.kind}"
        self.tables: dict[str, RawTable] = {}
        self.options = Options(
            found.form, request.timezone or found.source.timezone or "UTC", request.drop_repeated_lines
        )
        self.encoding = UTF8
        self.content_sha256 = file.sha256
        self.stack = ExitStack()

    # -- landed before? ------------------------------------------------------------------------------------------

    def before(self) -> dict[str, object] | None:
        """The summary of a file that is there already, whole; None for a new one, and for one whose raw files are damaged or
        missing: it is landed anew, on the day it first arrived."""
        for receipt in read_receipts(self.lake):
            if receipt.name == self.receipt_name and receipt.original_sha256 == self.file.sha256:
                self._check_settings(receipt)
                if not all(self._is_whole(file) for file in receipt.files):
                    self.request = replace(self.request, ds=str(receipt.notes["ds"]))
                    return None
                summary = receipt.notes.get("summary")
                assert isinstance(summary, dict)
                return {**summary, "file": self.file.name, "status": "landed_before", "asked_ds": self.request.ds}
        return None

    def _is_whole(self, file: RawFile) -> bool:
        try:
            return self.lake.files.sha256(file.path) == file.sha256
        except FileNotFoundError:
            return False

    def _check_settings(self, receipt: Receipt) -> None:
        settings = receipt.notes.get("settings")
        if settings == self.request.settings():
            return
        given = {k: v for k, v in settings.items() if v} if isinstance(settings, dict) else {}
        raise WrongUse(
            f"{self.file.name}: landed before with other settings "
            f"({', '.join(f'{k}={v}' for k, v in given.items()) or 'none'}). It was kept. To land it with the new "
            f"ones, delete {self._receipt_path(receipt)} first."
        )

    def _refuse_same_content(self) -> None:
        """The same text packed in another way would land every row twice."""
        for receipt in read_receipts(self.lake):
            is_same = receipt.notes.get("content_sha256") == self.content_sha256
            if is_same and receipt.name.endswith(f"-{self.kind}") and receipt.name != self.receipt_name:
                raise WrongUse(
                    f"{self.file.name}: the same content was landed before from {receipt.original} "
                    f"(ds={receipt.notes.get('ds')}). It was kept; to replace it, "
                    f"delete {self._receipt_path(receipt)} first."
                )

    def _receipt_path(self, receipt: Receipt) -> Path:
        return self.lake.receipts / f"{receipt.name}.json"

    # -- read and split --------------------------------------------------------------------------------------------

    def run(self) -> dict[str, object]:
        source = self.found.source
        if self.request.drop_repeated_lines and source.convert is None:
            raise WrongUse(
                f"{self.file.name}: --drop-repeated-lines is for sources whose lines have no key. Files of "
                f"{source.name} have one, and clean counts their copies as duplicates. Leave the option out."
            )
        with self.stack:
            counts = self._read()
            self._check_count(counts)
            files = [f for t in self.tables.values() for f in t.close(self.lake, self.request.ds, self.receipt_name)]
        self._refuse_same_content()
        summary = self._summary(counts)
        self._publish(files, summary)
        return summary

    def _table(self, name: str) -> RawTable:
        if name not in self.tables:
            contract = self.contracts.tables.get(f"raw.{name}")
            if contract is None:
                raise ShoplakeError(
                    f"source {self.found.source.name}: made a row of raw.{name}, which has no contract. "
                    "Correct its module."
                )
            table = RawTable(name, contract.names, contract.spec.format or "csv", self.file.path.parent)
            self.stack.callback(table.abandon)
            self.tables[name] = table
        return self.tables[name]

    def _read(self) -> through.Counts:
        request, form = self.request, self.found.form
        if form.kind == "parquet":
            table = self._table(form.table)
            return through.parquet(self.file.path, self.file.name, table, self._times(), self._time_columns(table))
        self.encoding = self._encoding()
        stream = Stream(self.file.path, self.file.name, self.encoding)
        window = Window(stream)
        if form.kind == "csv":
            csv_text.header(window)
        if self.found.source.convert is not None:
            counts = convert(window, self.file.name, self.found, self.options, self._table)
        else:
            table = self._table(form.table)
            pass_on = through.csv if form.kind == "csv" else through.jsonl
            counts = pass_on(window, self.found.header, table, self._times(), self._time_columns(table))
        self.content_sha256 = stream.content_sha256
        if counts.not_utf8 and not request.encoding:
            through.refuse_other_encoding(counts, self.file.name, first_not_utf8(self.file.path, self.file.name))
        return counts

    def _times(self) -> LocalTimes | None:
        return LocalTimes(self.request.timezone) if self.request.timezone else None

    def _time_columns(self, table: RawTable) -> list[str]:
        return [c for c in table.columns if self.contracts.columns[c].type == "timestamp"]

    def _encoding(self) -> str:
        if self.request.encoding:
            return self.request.encoding
        allowed = LATIN1 in self.found.source.encodings
        return LATIN1 if allowed and first_not_utf8(self.file.path, self.file.name) is not None else UTF8

    def _check_count(self, counts: through.Counts) -> None:
        landed = sum(t.rows - t.derived for t in self.tables.values())
        if landed + self.options.dropped != counts.rows:
            raise ShoplakeError(
                f"{self.file.name}: {counts.rows:,} records read, {landed:,} landed, {self.options.dropped:,} dropped. "
                "Nothing was landed; this is a fault in shoplake."
            )

    # -- tell and publish --------------------------------------------------------------------------------------------

    def _summary(self, counts: through.Counts) -> dict[str, object]:
        source, options = self.found.source, self.options
        tables = [self.tables[t] for t in sorted(self.tables)]
        line_types = tuple(self.contracts.columns["line_type"].values or ())
        money, days = measure(tables, line_types, self.request.threads, self.request.memory)
        zone = self.request.timezone or source.timezone
        return {
            "file": self.file.name,
            "status": "landed",
            "source": source.name,
            "form": self.found.form.name,
            "ds": self.request.ds,
            "sha256": self.file.sha256,
            "bytes": self.file.bytes,
            "encoding": self.encoding,
            "receipt": self.receipt_name,
            "rows_in_file": counts.rows,
            "tables": {
                t.table: {
                    "rows": t.rows,
                    "plain": t.rows - t.odd_rows,
                    "odd": t.odd_rows,
                    "malformed": t.malformed,
                    "derived": t.derived,
                }
                for t in tables
            },
            "odd_rows": sum(t.odd_rows for t in tables),
            "malformed_rows": sum(t.malformed for t in tables),
            "derived_rows": sum(t.derived for t in tables),
            "repeated_lines": options.repeated,
            "dropped_lines": options.dropped,
            "not_utf8_rows": counts.not_utf8,
            "rows_with_unknown_keys": counts.with_unknown_keys,
            "ignored_columns": self.found.extra,
            "money": money,
            "days": days,
            "timezone": zone,
            "proposed_timezone": zone,
            "notes": options.notes,
        }

    def _publish(self, files: list[tuple[Path, RawFile]], summary: dict[str, object]) -> None:
        """The receipt is last: what fails before it leaves files that nothing names; they are taken away."""
        original = f"landed/{self.file.sha256}"
        placed: list[str] = []
        there = self.lake.files.sizes([original])[0] is not None
        try:
            for written, path in [*([] if there else [(self.file.path, original)]), *((w, f.path) for w, f in files)]:
                placed.append(path)
                move(written, self.lake.root / path)
                self.lake.files.share(path)
            write_receipt(self.lake, self._receipt([f for _, f in files], summary))
        except BaseException:
            for path in placed:
                self.lake.files.remove(path)
            raise

    def _receipt(self, files: list[RawFile], summary: dict[str, object]) -> Receipt:
        name = Path(self.file.name).name  # where it lay on this machine is nobody's business later
        notes: dict[str, object] = {
            "ds": self.request.ds,
            "ds_origin": self.request.ds_origin,
            "settings": self.request.settings(),
            "content_sha256": self.content_sha256,
            "derived_rows": summary["derived_rows"],
            "summary": {**summary, "file": name},
        }
        return Receipt(self.receipt_name, "ingest", self.found.source.name, name, self.file.sha256, files, notes)
