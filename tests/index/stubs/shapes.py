"""What a request must look like: small checks, made of each other. Unknown fields are refused."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

Shape: TypeAlias = Callable[[Any, str], None]
"""Takes a value and where it is; raises `Refused`."""


class Refused(Exception):
    """A request that the schema does not allow."""


def refuse(where: str, why: str) -> None:
    raise Refused(f"{where}: {why}")


def text(pattern: str = "", least: int = 0, most: int = 1 << 30) -> Shape:
    expression = re.compile(pattern, re.DOTALL) if pattern else None

    def check(value: Any, where: str) -> None:
        if not isinstance(value, str) or not least <= len(value) <= most:
            refuse(where, f"must be a string of {least} to {most} characters, not {str(value)[:60]!r}")
        elif expression and not expression.fullmatch(value):
            refuse(where, f"{value[:60]!r} does not match {pattern}")

    return check


def one_of(*values: str) -> Shape:
    def check(value: Any, where: str) -> None:
        if value not in values:
            refuse(where, f"{value!r} is none of {', '.join(values)}")

    return check


def whole(least: int, most: int) -> Shape:
    def check(value: Any, where: str) -> None:
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            refuse(where, f"must be an integer of {least} to {most}, not {value!r}")

    return check


def number(value: Any, where: str) -> None:
    if type(value) not in (int, float):
        refuse(where, f"must be a number, not {value!r}")


def flag(value: Any, where: str) -> None:
    if not isinstance(value, bool):
        refuse(where, f"must be true or false, not {value!r}")


def anything(value: Any, where: str) -> None:
    """Check nothing: it is checked where it is used."""


def numbers(least: int, most: int) -> Shape:
    """A list of numbers; quickly, as they are many."""

    def check(value: Any, where: str) -> None:
        if not isinstance(value, list) or not least <= len(value) <= most:
            refuse(where, f"must be {least} to {most} numbers")
        elif not set(map(type, value)) <= {int, float}:
            refuse(where, "must be numbers only")

    return check


def items(shape: Shape, least: int = 0, most: int = 1 << 30) -> Shape:
    def check(value: Any, where: str) -> None:
        if not isinstance(value, list) or not least <= len(value) <= most:
            refuse(where, f"must be a list of {least} to {most}")
        for at, one in enumerate(value):
            shape(one, f"{where}[{at}]")

    return check


def mapping(shape: Shape, key: Shape = text(), most: int = 1 << 30) -> Shape:
    def check(value: Any, where: str) -> None:
        if not isinstance(value, dict) or len(value) > most:
            refuse(where, f"must be an object of at most {most}")
        for name, one in value.items():
            key(name, f"{where} (its name)")
            shape(one, f"{where}.{name}")

    return check


def record(
    needed: Mapping[str, Shape], also: Mapping[str, Shape] | None = None, rest: Shape | None = None
) -> Shape:
    """An object with `needed` fields, maybe `also` others; any further ones are of the shape `rest`, or refused."""
    known = {**needed, **(also or {})}

    def check(value: Any, where: str) -> None:
        if not isinstance(value, dict):
            refuse(where, "must be an object")
        for name in needed:
            if name not in value:
                refuse(where, f"missing field `{name}`")
        for name, one in value.items():
            shape = known.get(name, rest)
            if shape is None:
                refuse(where, f"unknown field `{name}`, expected one of {', '.join(known)}")
            else:
                shape(one, f"{where}.{name}")

    return check


def by(field: str, shapes: Mapping[str, Shape]) -> Shape:
    """An object whose `field` says which shape it has."""

    def check(value: Any, where: str) -> None:
        if not isinstance(value, dict) or value.get(field) not in shapes:
            refuse(where, f"`{field}` must be one of {', '.join(shapes)}")
        shapes[value[field]](value, where)

    return check


def either(*shapes: Shape) -> Shape:
    def check(value: Any, where: str) -> None:
        faults = []
        for shape in shapes:
            try:
                return shape(value, where)
            except Refused as fault:
                faults.append(str(fault))
        return refuse(where, f"fits no form: {'; '.join(faults)}")

    return check


def exactly_one(value: Mapping[str, Any], names: Sequence[str], where: str) -> str:
    """Return which of the names is there; Refused unless it is exactly one."""
    given = [name for name in names if name in value]
    if len(given) != 1:
        refuse(where, f"exactly one of {', '.join(names)} must be specified, not {given}")
    return given[0]
