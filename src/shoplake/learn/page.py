"""A card's page: tables and drawings in one file, nothing to load."""

from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

_STYLE = "body{font:14px sans-serif;max-width:70em;margin:2em auto}table{border-collapse:collapse;margin:1em 0}th,td{border:1px solid #ccc;padding:.3em .6em;text-align:right}th{text-align:left}"


def page(title: str, *parts: str) -> str:
    return f'<!doctype html>\n<html lang="en"><meta charset="utf-8"><title>{escape(title)}</title>\n<style>{_STYLE}</style>\n<h1>{escape(title)}</h1>\n' + "\n".join(parts) + "</html>"


def facts(told: Mapping[str, str]) -> str:
    """A name and what is said of it, a line each."""
    return table([], [[name, text] for name, text in told.items()])


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """The first cell of a row names it."""
    lines = ["<tr>" + "".join(f"<th>{escape(cell)}</th>" for cell in head) + "</tr>"]
    lines += ["<tr>" + "".join(f"<{'td' if n else 'th'}>{escape(cell)}</{'td' if n else 'th'}>" for n, cell in enumerate(row)) + "</tr>" for row in rows]
    return f"<table>{''.join(lines)}</table>"


def in_words(values: Mapping[str, Any]) -> str:
    """Names and what they are set to; a group's in brackets."""
    return ", ".join(f"{name} ({in_words(value)})" if isinstance(value, Mapping) else f"{name} {value}" for name, value in values.items())


def section(title: str, body: str) -> str:
    return f"<h2>{escape(title)}</h2>\n{body}"


def in_columns(labels: Mapping[str, str], rows: Mapping[str, Mapping[str, Any]], width: int) -> list[str]:
    """Figures for a terminal: a head, and a line a name."""
    lines = [f"{'':<{width}}" + "".join(f"{label:>16}" for label in labels.values())]
    return lines + [f"{name:<{width}}" + "".join(f"{figure(found.get(one)):>16}" for one in labels).rstrip() for name, found in rows.items()]


def figure(found: Any) -> str:
    """A figure with half the width of its interval; blank for one that means nothing here."""
    if found is None or isinstance(found, float):
        return "" if found is None else f"{found:.3f}"
    return f"{found['value']:.3f} ±{(found['interval'][1] - found['interval'][0]) / 2:.3f}"
