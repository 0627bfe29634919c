"""The word lists in words/, read once a process."""

import functools
import unicodedata
from dataclasses import dataclass
from pathlib import Path

_FOLDER = Path(__file__).with_name("words")


@dataclass(frozen=True)
class Country:
    """A country the shop sends to; `tax` and `share` in per mille, cities as (city, region, postal prefix)."""

    code: str
    language: str
    currency: str
    dialling: str
    tax: int
    share: int
    cities: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True)
class Category:
    """A category; prices in cents, cost in per mille of the price, subcategories as (name, nouns)."""

    code: str
    name: str
    median_price: int
    cost: int
    grams: int
    warranty: int
    subcategories: tuple[tuple[str, tuple[str, ...]], ...]


def _rows(name: str) -> list[list[str]]:
    text = (_FOLDER / name).read_text(encoding="utf-8")
    return [line.split("|") for line in text.splitlines() if line and not line.startswith("#")]


@functools.cache
def names() -> dict[tuple[str, str], list[str]]:
    """(language, kind) -> words; kind is f, m, last or street."""
    return {(language, kind): words.split(",") for language, kind, words in _rows("names.txt")}


@functools.cache
def countries() -> list[Country]:
    found = []
    for code, language, currency, dialling, tax, share, cities in _rows("places.txt"):
        split = tuple((c[0], c[1], c[2]) for c in (city.split(":") for city in cities.split(",")))
        found.append(Country(code, language, currency, dialling, int(tax), int(share), split))
    return found


@functools.cache
def categories() -> list[Category]:
    found = []
    for code, name, price, cost, grams, warranty, subs in _rows("catalogue.txt"):
        split = tuple((s.split(":")[0], tuple(s.split(":")[1].split("/"))) for s in subs.split(","))
        found.append(Category(code, name, int(price), int(cost), int(grams), int(warranty), split))
    return found


@functools.cache
def words(name: str) -> list[str]:
    """A list of misc.txt, without weights."""
    return [word for word, _ in weighted(name)]


@functools.cache
def weighted(name: str) -> list[tuple[str, int]]:
    """A list of misc.txt as (word, weight)."""
    for key, line in _rows("misc.txt"):
        if key == name:
            return [(w.partition(":")[0], int(w.partition(":")[2] or 1)) for w in line.split(",")]
    raise KeyError(name)


def ascii_word(text: str) -> str:
    """Lower-case letters and digits only, as in an e-mail address: Müller -> muller."""
    flat = unicodedata.normalize("NFKD", text.replace("ß", "ss").replace("Ø", "O"))
    return "".join(c for c in flat.lower() if c.isascii() and c.isalnum())


def slug(text: str) -> str:
    """Words joined by hyphens, as in a page address."""
    return "-".join(ascii_word(w) for w in text.replace("&", " ").split() if ascii_word(w))
