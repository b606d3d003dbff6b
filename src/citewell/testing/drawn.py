"""Random filters and metadata for hypothesis, with what stores stumble over: quotes, empty text, no value at all."""

from __future__ import annotations

from typing import Any, Final

from hypothesis import strategies as st

from citewell.filters import And, Compare, Filter, In, IsNull, Like, Not, Op, Or, Scalar, kind

NAMES: Final = ["a", "b", "odd name", "a.b", "a[0]", "größe", "it's", "$"]
WORDS: Final = [
    "", "x", "X", "xy", "x%", "x_y", "[x]", "*", "?", "a]b", "é", "x\ny", "日本", "TRUE", "1", "2024-01-05", "'\"\\",
]  # fmt: skip
NUMBERS: Final = [0, 1, -1, 2, 1.0, 0.1, 0.3, -2.5, 1e-7, 10**15]

texts: Final = st.sampled_from(WORDS) | st.text(
    st.characters(exclude_characters="\x00", codec="utf-8"), max_size=4
)
numbers: Final = st.sampled_from(NUMBERS) | st.integers(-3, 3) | st.decimals(-999, 999, places=3).map(float)
scalars: Final[st.SearchStrategy[Scalar]] = texts | numbers | st.booleans()
names: Final = st.sampled_from(NAMES[:3]) | st.sampled_from(NAMES)
metadata: Final[st.SearchStrategy[dict[str, Any]]] = st.dictionaries(
    names, st.none() | scalars | st.lists(texts, max_size=3).map(tuple), max_size=4
)
patterns: Final = st.lists(
    st.sampled_from(["%", "_", "x", "X", "y", "[", "*", "?", "]", "é", "\n"]), max_size=4
).map("".join)


def compared(field: str, op: Op, value: Scalar) -> Compare:
    """TRUE and FALSE have no order."""
    return Compare(field, "=" if kind(value) == "boolean" else op, value)


ops: Final[st.SearchStrategy[Op]] = st.sampled_from(["=", "=", "<", "<=", ">", ">="])
atoms: Final[st.SearchStrategy[Filter]] = st.one_of(
    st.builds(compared, names, ops, scalars),
    st.builds(In, names, st.lists(scalars, max_size=4).map(tuple)),
    st.builds(Like, names, patterns),
    st.builds(IsNull, names),
)
filters: Final[st.SearchStrategy[Filter]] = st.recursive(
    atoms,
    lambda inner: (
        st.builds(Not, inner)
        | st.builds(And, st.lists(inner, max_size=3).map(tuple))
        | st.builds(Or, st.lists(inner, max_size=3).map(tuple))
    ),
    max_leaves=6,
)


def rows_of_all_kinds() -> list[dict[str, Any]]:
    """Return metadata in which every name has every kind of value."""
    values: list[Any] = [None, (), ("x",), ("x", "y"), ("", "é"), True, False, *WORDS, *NUMBERS]
    return [{}, *({name: value} for name in NAMES for value in values)] + [
        {"a": values[i], "b": values[-i], "odd name": values[i * 7 % len(values)]} for i in range(len(values))
    ]
