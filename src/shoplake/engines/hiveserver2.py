"""The protocol of HiveServer2, which Impala speaks too: connect, and an answer as Arrow."""

import contextlib
import datetime as dt
import re
from decimal import Decimal
from typing import Any

import pyarrow as pa

from shoplake.errors import Lacking, ShoplakeError

_ARROW = {
    "BOOLEAN": pa.bool_(),
    "TINYINT": pa.int8(),
    "SMALLINT": pa.int16(),
    "INT": pa.int32(),
    "BIGINT": pa.int64(),
    "FLOAT": pa.float32(),
    "DOUBLE": pa.float64(),
    "DATE": pa.date32(),
    "TIMESTAMP": pa.timestamp("us"),
    "BINARY": pa.binary(),
}


def connect(
    engine: str, *, host: str, port: int, user: str, password: str, auth: str, ssl: bool, timeout: float, advice: str
) -> Any:
    """A DB-API connection with an open session.

    engine: what the server is, for messages. advice: what to say of its ports. Raises Lacking when impyla is missing, nothing
    answers at that place, what answers does not speak the protocol within `timeout` seconds, or it does not let this user in.
    """
    try:
        from impala.dbapi import connect as open_connection
    except ImportError as e:
        raise Lacking(f"impyla is not installed ({e}). Install it: pip install 'shoplake[hadoop]'.") from e
    connection = None
    try:
        # PLAIN sends a password in any case, and the protocol refuses an empty one.
        connection = open_connection(
            host=host,
            port=port,
            user=user or None,
            password=password or "x",
            auth_mechanism=auth,
            use_ssl=ssl,
            timeout=timeout,
        )
        connection.cursor().close()
    except Exception as e:
        if connection is not None:
            close(connection)
        raise _not_connected(engine, e, f"{host}:{port}", user, auth, timeout, advice) from e
    return connection


def close(what: Any) -> None:
    """Let go of a cursor or connection; one whose server is gone has nothing left to close."""
    with contextlib.suppress(Exception):
        what.close()


def arrow(cursor: Any) -> pa.Table:
    """All rows of a cursor: decimals at the column's own precision and scale, times in microseconds without a zone."""
    described = cursor.description or ()
    found = cursor.fetchall() if described else []
    fields = [_field(d) for d in described]
    columns = zip(*found, strict=True) if found else ([] for _ in fields)
    arrays = [pa.array([arrow_value(v, f.type) for v in c], f.type) for f, c in zip(fields, columns, strict=True)]
    return pa.Table.from_arrays(arrays, schema=pa.schema(fields))


def _field(description: tuple[Any, ...]) -> pa.Field:
    """Text, and what the server sends as text (arrays, maps), is text. Hive puts the table before the column's name."""
    name, kind, precision, scale = description[0], description[1], description[4], description[5]
    return pa.field(
        name.rpartition(".")[2], pa.decimal128(precision, scale) if kind == "DECIMAL" else _ARROW.get(kind, pa.string())
    )


def arrow_value(value: Any, kind: pa.DataType) -> Any:
    """Impala sends a DATE as text, Hive as a date; a decimal comes without its last zeros."""
    if value is None:
        return None
    if pa.types.is_decimal(kind):
        return Decimal(value)
    if pa.types.is_date(kind):
        return (
            dt.date.fromisoformat(value)
            if isinstance(value, str)
            else value.date()
            if isinstance(value, dt.datetime)
            else value
        )
    if pa.types.is_string(kind) and isinstance(value, bytes):
        return value.decode()
    return value


def _not_connected(
    engine: str, e: Exception, where: str, user: str, auth: str, timeout: float, advice: str
) -> ShoplakeError:
    text = str(e)
    if re.search(r"Error validating|Bad status: [34]|authenticat|Unsupported mechanism|SASL", text, re.IGNORECASE):
        return Lacking(
            f"{engine} at {where} does not let {user or 'this user'} in by {auth} ({first_line(e)}). Correct the user, the password, or "
            "the way of logging in: NOSASL, PLAIN, LDAP or GSSAPI, as the server is set up."
        )
    if re.search(r"refused|Could not connect|Name or service|getaddrinfo|No route|unreachable", text, re.IGNORECASE):
        return Lacking(
            f"no {engine} answers at {where} ({first_line(e)}). Start it, or name the right host and port. {advice}"
        )
    return Lacking(
        f"what answers at {where} does not speak HiveServer2's protocol by {auth}, or did not within {timeout:g} seconds "
        f"({first_line(e)}). {advice} A server that asks for a login hangs up on NOSASL."
    )


def first_line(e: BaseException) -> str:
    """The server's own words, without the list of classes they came through."""
    line = next((line for line in str(e).splitlines() if line.strip()), type(e).__name__)
    return line if len(line) <= 400 else line[:400] + " ..."
