"""Names, addresses and e-mail addresses: made from the word lists, a whole column at a time."""

import functools
from typing import Any

import numpy as np

from shoplake.generate import text
from shoplake.generate.draws import I64, U64, Bools, below, between
from shoplake.generate.words import ascii_word, countries, names, words

_KINDS = ("f", "m", "last", "street")
_LANGUAGES = tuple(dict.fromkeys(c.language for c in countries()))


@functools.cache
def _lists(kind: str) -> tuple[Any, Any, I64, I64]:
    """The words of a kind in all languages, their e-mail form, where each language begins and how many it has."""
    lists = [names()[language, kind] for language in _LANGUAGES]
    flat = [word for one in lists for word in one]
    size = np.array([len(one) for one in lists], np.int64)
    return text.strings(flat), text.strings([ascii_word(w) for w in flat]), np.cumsum(size) - size, size


@functools.cache
def _language() -> I64:
    return np.array([_LANGUAGES.index(c.language) for c in countries()], np.int64)


def _word_numbers(of: U64, kind: str, country: I64) -> I64:
    _, _, begin, size = _lists(kind)
    language = _language()[country]
    return begin[language] + below(of, kind, size[language])


def is_female(of: U64) -> Bools:
    return below(of, "gender", 100) < 52


def first_and_last(of: U64, country: I64) -> tuple[Any, Any]:
    """Given and family names as written."""
    female = is_female(of)
    women, men = (
        text.pick(_lists("f")[0], _word_numbers(of, "f", country)),
        text.pick(_lists("m")[0], _word_numbers(of, "m", country)),
    )
    return text.either(female, women, men), text.pick(_lists("last")[0], _word_numbers(of, "last", country))


def emails(of: U64, country: I64, number: I64) -> Any:
    """An address of its own for each number."""
    female = is_female(of)
    first = text.either(
        female,
        text.pick(_lists("f")[1], _word_numbers(of, "f", country)),
        text.pick(_lists("m")[1], _word_numbers(of, "m", country)),
    )
    last = text.pick(_lists("last")[1], _word_numbers(of, "last", country))
    host = text.pick(text.strings(words("mail")), below(of, "mail", len(words("mail"))))
    dot = text.pick(text.strings([".", "_", ""]), below(of, "dot", 3))
    return text.join(first, dot, last, text.whole(number), "@", host)


@functools.cache
def _cities() -> tuple[Any, Any, Any, I64, I64]:
    flat = [city for c in countries() for city in c.cities]
    size = np.array([len(c.cities) for c in countries()], np.int64)
    city, region, prefix = (text.strings([c[k] for c in flat]) for k in range(3))
    return city, region, prefix, np.cumsum(size) - size, size


def places(of: U64, country: I64) -> tuple[Any, Any, Any]:
    """City, region and postal code; large cities come first in the lists and more often."""
    city, region, prefix, begin, size = _cities()
    a, b = below(of, "city", size[country]), below(of, "city again", size[country])
    number = begin[country] + np.minimum(a, b)
    tail = text.pick(_digits(1000, 3), below(of, "postal", 1000))
    british = np.array([c.code == "GB" for c in countries()])[country]
    inward = text.pick(
        text.strings([f" {d}{a}{b}" for d in range(10) for a in "ABDEGH" for b in "JLNPQR"]), below(of, "inward", 360)
    )
    american = np.array([c.code == "US" for c in countries()])[country]
    short = text.pick(_digits(100, 2), below(of, "zip", 100))
    return (
        text.pick(city, number),
        text.pick(region, number),
        text.join(text.pick(prefix, number), text.either(british, inward, text.either(american, short, tail))),
    )


@functools.cache
def _digits(n: int, width: int) -> Any:
    return text.strings([f"{i:0{width}d}" for i in range(n)])


def streets(of: U64, country: I64) -> Any:
    """Street and house number, in the order of the country."""
    street = text.pick(_lists("street")[0], _word_numbers(of, "street", country))
    house = text.whole(below(of, "house", 140) + 1)
    number_first = np.isin(_language()[country], [_LANGUAGES.index("en"), _LANGUAGES.index("fr")])
    return text.either(number_first, text.join(house, " ", street), text.join(street, " ", house))


def phones(of: U64, country: I64) -> Any:
    code = text.pick(text.strings([c.dialling for c in countries()]), country)
    return text.join(
        code, " ", text.whole(between(of, "area", 20, 999)), " ", text.whole(between(of, "phone", 1_000_000, 9_999_999))
    )


def country_codes(country: I64) -> Any:
    return text.pick(text.strings([c.code for c in countries()]), country)


def currencies(country: I64) -> Any:
    return text.pick(text.strings([c.currency for c in countries()]), country)
