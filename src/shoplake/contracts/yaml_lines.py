"""YAML with line numbers, strict where YAML 1.1 surprises: a repeated key and a `NO` read as false are errors."""

from pathlib import Path
from typing import Any

import yaml

from shoplake.errors import WrongUse

Marks = dict[tuple[str | int, ...], int]


def load(path: Path) -> tuple[Any, Marks]:
    """The content of a YAML file, and the line (from 1) of every key and item by its path.

    Raises WrongUse, naming file and line, for a syntax error, a repeated key, or an unquoted yes/no/on/off.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as e:
        raise WrongUse(f"{path}: byte {e.start} is not UTF-8. Save the file as UTF-8.") from e
    try:
        node = yaml.compose(text, Loader=yaml.CSafeLoader)
    except yaml.YAMLError as e:
        mark = getattr(e, "problem_mark", None)
        line = mark.line + 1 if mark else 1
        raise WrongUse(f"{path}:{line}: not YAML ({getattr(e, 'problem', None) or e}). Mend that line.") from e
    marks: Marks = {(): 1}
    if node is None:
        return None, marks
    return _value(node, path, (), marks), marks


def _value(node: yaml.Node, path: Path, at: tuple[str | int, ...], marks: Marks) -> Any:
    line = node.start_mark.line + 1
    marks.setdefault(at, line)
    if isinstance(node, yaml.MappingNode):
        found: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = key_node.value
            key_line = key_node.start_mark.line + 1
            if not key_node.tag.endswith(":str"):
                raise WrongUse(f"{path}:{key_line}: the key {key!r} is not a text to YAML. Put it in quotes.")
            if key in found:
                raise WrongUse(
                    f"{path}:{key_line}: the key {key!r} stands twice (first on line {marks[(*at, key)]}). Delete one."
                )
            marks[(*at, key)] = key_line
            found[key] = _value(value_node, path, (*at, key), marks)
        return found
    if isinstance(node, yaml.SequenceNode):
        return [_value(item, path, (*at, i), marks) for i, item in enumerate(node.value)]
    return _scalar(node, path, line)


def _scalar(node: yaml.Node, path: Path, line: int) -> Any:
    kind = node.tag.rsplit(":", 1)[-1]
    text: str = node.value
    if kind == "bool":
        if text not in ("true", "false"):
            raise WrongUse(
                f"{path}:{line}: YAML reads {text} as {text.lower() in ('yes', 'on', 'true')}. Write true or false, or put {text!r} in quotes."
            )
        return text == "true"
    if kind == "null":
        return None
    if kind == "int" and text.lstrip("-").isdigit() and not (len(text.lstrip("-")) > 1 and text.lstrip("-")[0] == "0"):
        return int(text)
    if kind == "float":
        return float(text)
    if kind == "str":
        return text
    raise WrongUse(f"{path}:{line}: YAML reads {text} as a {kind}. Put it in quotes.")
