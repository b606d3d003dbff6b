"""The grammar of filters: text of a WHERE clause -> Filter, or a refusal that points at the character.

disjunction  = conjunction {OR conjunction}
conjunction  = negation {AND negation}
negation     = NOT negation | "(" disjunction ")" | predicate
predicate    = field op value | field [NOT] IN "(" value {"," value} ")" | field [NOT] LIKE text
             | field [NOT] BETWEEN value AND value | field IS [NOT] NULL | value "=" ANY "(" field ")"
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from math import isinf
from typing import Final, NoReturn, cast

from citewell.errors import BadInput
from citewell.filters import (
    DEEPEST,
    LONGEST,
    MOST_VALUES,
    And,
    Compare,
    Filter,
    In,
    IsNull,
    Like,
    Not,
    Op,
    Or,
    Scalar,
    number,
)

TOKEN: Final = re.compile(
    r"""(?P<space>\s+)|(?P<comment>--|/\*)
    |(?P<text>'(?:[^']|'')*')|(?P<quoted>"(?:[^"]|"")*")
    |(?P<number>(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)|(?P<word>[^\W\d]\w*)
    |(?P<mark><>|!=|<=|>=|[=<>(),.\-])""",
    re.VERBOSE,
)
WORDS: Final = frozenset({"AND", "OR", "NOT", "IN", "IS", "NULL", "LIKE", "BETWEEN", "TRUE", "FALSE"})
COMPARISONS: Final = frozenset({"=", "!=", "<>", "<", "<=", ">", ">="})
EXCERPT: Final = 60


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of the text; one of kind "end" follows the last. `key` is a word in capitals, or a mark."""

    kind: str
    text: str
    start: int

    @property
    def key(self) -> str:
        return self.text.upper() if self.kind == "word" else self.text if self.kind == "mark" else ""

    @property
    def named(self) -> str:
        return "the end" if self.kind == "end" else repr(self.text)


def read(text: str) -> Filter:
    """Read a whole filter. BadInput for all that is not in the grammar."""
    reader = _Reader(text, _tokens(text))
    tree = reader.disjunction()
    if reader.here.kind != "end":
        reader.refuse(f"expected AND, OR or the end, found {reader.here.named}")
    return tree


def refuse(text: str, at: int, reason: str) -> NoReturn:
    """Raise BadInput with the text around `at` and a caret under it."""
    start = max(0, at - EXCERPT)
    shown = re.sub(r"[\s\x00-\x1f\x7f\ud800-\udfff]", " ", text[start : at + EXCERPT])
    before, after = "…" if start else "", "…" if at + EXCERPT < len(text) else ""
    caret = " " * (at - start + len(before)) + "^"
    raise BadInput(
        f"this filter cannot be read: {reason} (character {at + 1})\n  {before}{shown}{after}\n  {caret}"
    )


def _tokens(text: str) -> list[Token]:
    if len(text) > LONGEST:
        raise BadInput(f"this filter has {len(text)} characters, more than {LONGEST}: {text[:EXCERPT]!r}…")
    if not text.strip():
        raise BadInput(f"this filter is empty ({text!r}); write a condition such as year >= 2023")
    found, at = [], 0
    for odd in re.finditer(r"[\x00\ud800-\udfff]", text):
        refuse(text, odd.start(), f"{odd.group()!r} is not text")
    while at < len(text):
        part = TOKEN.match(text, at)
        if part is None:
            refuse(text, at, _strange(text[at]))
        kind = part.lastgroup or ""
        if kind == "comment":
            refuse(text, at, "a filter has no comments")
        if kind != "space":
            found.append(Token(kind, part.group(), at))
        at = part.end()
    return [*found, Token("end", "", len(text))]


def _strange(character: str) -> str:
    if character in "'\"":
        return f"the quote {character} is never closed"
    if character in "‘’“”`´":
        return f"{character!r} is not a quote of SQL; use ' around text and \" around odd field names"
    if character in "+*/%|^&~":
        return f"a filter compares fields with values and cannot calculate, found {character!r}"
    return f"{character!r} has no place in a filter"


class _Reader:
    """Reads tokens from left to right; each method reads one rule of the grammar."""

    def __init__(self, text: str, tokens: list[Token]) -> None:
        self._text, self._tokens, self._at, self._depth = text, tokens, 0, 0

    @property
    def here(self) -> Token:
        return self._tokens[self._at]

    def refuse(self, reason: str, token: Token | None = None) -> NoReturn:
        refuse(self._text, (token or self.here).start, reason)

    def accept(self, key: str) -> bool:
        found = self.here.key == key
        self._at += found
        return found

    def expect(self, key: str) -> None:
        if not self.accept(key):
            self.refuse(f"expected {key!r}, found {self.here.named}")

    def disjunction(self) -> Filter:
        return self._joined("OR", lambda: self._joined("AND", self.negation, And), Or)

    def _joined(self, key: str, rule: Callable[[], Filter], node: type[And] | type[Or]) -> Filter:
        parts = [rule()]
        while self.accept(key):
            parts.append(rule())
        return node(tuple(parts)) if len(parts) > 1 else parts[0]

    def negation(self) -> Filter:
        self._depth += 1
        if self._depth > DEEPEST:
            self.refuse(f"nested more than {DEEPEST} deep")
        if self.accept("NOT"):
            found: Filter = Not(self.negation())
        elif self.accept("("):
            found = self.disjunction()
            self.expect(")")
        else:
            found = self.predicate()
        self._depth -= 1
        return found

    def predicate(self) -> Filter:
        if self.here.kind in ("text", "number") or self.here.key in ("TRUE", "FALSE", "-"):
            return self._any()
        field, token = self.field(), self.here
        if token.key in COMPARISONS:
            return self._comparison(field)
        if self.accept("IS"):
            negated = self.accept("NOT")
            self.expect("NULL")
            return _negate(IsNull(field), negated)
        negated = self.accept("NOT")
        rules = {"IN": self._in, "LIKE": self._like, "BETWEEN": self._between}
        rule = rules.get(self.here.key)
        if rule is None:
            self.refuse(f"expected =, !=, <, <=, >, >=, IN, LIKE, BETWEEN or IS, found {self.here.named}")
        self._at += 1
        return _negate(rule(field), negated)

    def field(self) -> str:
        name, start = self._name(), self.here
        if start.key == "(":
            self.refuse(f"a filter has no functions or subqueries, found {name!r} and '('")
        while self.accept("."):
            name += "." + self._name()
        return name

    def _name(self) -> str:
        token = self.here
        if token.kind == "word" and token.key not in WORDS:
            name = token.text
        elif token.kind == "quoted":
            name = token.text[1:-1]
        else:
            self.refuse(f"expected a field, found {token.named}" + _in_quotes(token))
        if not name or re.search(r'[\x00-\x1f"\\]', name):
            self.refuse(f"a field's name is not empty and has no \", \\ or control character: {name!r}")
        self._at += 1
        return name

    def value(self) -> Scalar:
        token = self.here
        minus = self.accept("-")
        digits = self.here
        if digits.kind == "number":
            self._at += 1
            return self._number(digits, -1 if minus else 1)
        if minus:
            return self.refuse(f"expected a number after '-', found {digits.named}")
        if token.kind == "text":
            self._at += 1
            return token.text[1:-1].replace("''", "'")
        if token.key in ("TRUE", "FALSE"):
            self._at += 1
            return token.key == "TRUE"
        return self.refuse(f"expected a value, found {token.named}" + _hint(token))

    def _number(self, token: Token, sign: int) -> float:
        value = sign * (int(token.text) if token.text.isdigit() else float(token.text))
        if isinf(number(value)):
            self.refuse(f"{token.text[:EXCERPT]!r} is too large for a number", token)
        return value

    def _comparison(self, field: str) -> Filter:
        op = self.here
        self._at += 1
        value = self.value()
        if isinstance(value, bool) and op.key not in ("=", "!=", "<>"):
            self.refuse(f"use = or != with TRUE and FALSE, not {op.text!r}", op)
        if op.key in ("!=", "<>"):
            return Not(Compare(field, "=", value))
        return Compare(field, cast(Op, op.key), value)

    def _any(self) -> Filter:
        start = self.here
        value = self.value()
        if not (self.accept("=") and self.here.key == "ANY"):
            self.refuse("put the field first, or write value = ANY(field)", start)
        self._at += 1
        self.expect("(")
        field = self.field()
        self.expect(")")
        return Compare(field, "=", value)

    def _in(self, field: str) -> Filter:
        self.expect("(")
        values = [self.value()]
        while self.accept(","):
            if len(values) == MOST_VALUES:
                self.refuse(f"more than {MOST_VALUES} values in a list")
            values.append(self.value())
        self.expect(")")
        return In(field, tuple(values))

    def _like(self, field: str) -> Filter:
        token, pattern = self.here, self.value()
        if not isinstance(pattern, str):
            self.refuse(f"LIKE needs a pattern in single quotes, found {token.named}", token)
        return Like(field, pattern)

    def _between(self, field: str) -> Filter:
        token, low = self.here, self.value()
        self.expect("AND")
        high = self.value()
        if isinstance(low, bool) or isinstance(high, bool):
            self.refuse("BETWEEN needs numbers or text", token)
        return And((Compare(field, ">=", low), Compare(field, "<=", high)))


def _negate(filter: Filter, negated: bool) -> Filter:
    return Not(filter) if negated else filter


def _in_quotes(token: Token) -> str:
    return f'; a field of that name goes in double quotes: "{token.text}"' if token.kind == "word" else ""


def _hint(token: Token) -> str:
    if token.key == "NULL":
        return "; use IS NULL or IS NOT NULL"
    name = token.text.strip('"')
    return f"; text goes in single quotes: '{name}'" if token.kind in ("word", "quoted") else ""
