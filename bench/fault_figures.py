"""Faults in figures: another number, unit or date than the passage gives."""

from __future__ import annotations

import re
from dataclasses import replace

from bench.fault_text import Others, Pair, tokens
from bench.fault_words import DAYS, MONTHS, SPELLED, UNITS

MONTH = "|".join(MONTHS)
NUMBER = re.compile(
    r"(?<![\w.,:/–$€£-])(?P<money>[$€£] ?)?(?P<value>\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?)(?P<percent> ?%)?"
    r"(?![\w:/–]|-\d|[.,]\d)"
)
LOOSE = re.compile(
    r"(?i)\b(over|under|below|above|than|least|most|up to|nearly|almost|about|around|approximately|"
    r"to|or|between|and|through) (?:a |the )?[$€£]?$"
)
"""Before a number: a bound or a range, where another number may still be true."""
YEAR = re.compile(
    r"(?<![\d$€£.,-])(1[5-9]\d\d|20[0-3]\d)(?!s?[\w%,.-]*\d|%| (?:people|miles|feet|km))(?P<s>s\b)?"
)
SPELT = re.compile(rf"(?i)(?<![\w-])({'|'.join(SPELLED)})(?![\w-])")


def swapped_number(pair: Pair, others: Others) -> Pair | None:
    """Put another number of the same kind, or another unit, in the place of one."""
    for way in others.rng.sample([_new_number, _number_of_passage, _new_unit, _spelt], 4):
        made = way(pair, others)
        if made:
            return replace(pair, sentence=made, way=way.__name__.strip("_").replace("_", " "))
    return None


def _numbers(text: str) -> list[re.Match[str]]:
    found = []
    for match in NUMBER.finditer(text):
        before, value = text[: match.start()], match["value"]
        is_year = re.fullmatch(r"1[5-9]\d\d|20[0-3]\d", value) and not match["money"] and not match["percent"]
        day = re.search(rf"(?:{MONTH}) $", before) or re.match(rf" (?:{MONTH})", text[match.end() :])
        named = re.search(
            r"[\w.] ?[A-Z][\w'-]* $|(?i:\b(?:part|chapter|type|section|no\.|version|season|age)) $", before
        )
        if not is_year and not day and not named and value not in ("0", "1") and not value.startswith("0"):
            found.append(match)
    return found


def _occasions(pair: Pair) -> list[re.Match[str]]:
    held = tokens(pair.shown[0])
    return [
        match
        for match in _numbers(pair.sentence)
        if match["value"].replace(",", "") in held and not LOOSE.search(pair.sentence[: match.start()])
    ]


def _new_number(pair: Pair, others: Others) -> str | None:
    fit = _occasions(pair)
    if not fit:
        return None
    match = others.rng.choice(fit)
    held = set(tokens(pair.shown[0]))
    plain = match["value"].replace(",", "")
    places = len(plain.partition(".")[2])
    ways = [float(plain) * factor for factor in (0.5, 0.8, 0.9, 1.1, 1.2, 1.5, 2, 3, 10)]
    digits = plain.replace(".", "")
    if digits[0] != digits[-1] and digits[-1] != "0":
        ways.append(float(plain[-1] + plain[1:-1] + plain[0]) if "." not in plain else float(plain) + 1)
    for value in others.rng.sample(ways, len(ways)):
        if plain.endswith("000"):
            value = round(value, -3)
        text = f"{value:,.{places}f}" if "," in match["value"] else f"{value:.{places}f}"
        new = text.replace(",", "")
        limit = (
            100 if match["percent"] or re.match(r" per ?cent", pair.sentence[match.end() :]) else float("inf")
        )
        if new not in held and text not in ("0", "1") and float(new) < limit and float(new) != float(plain):
            return pair.sentence[: match.start("value")] + text + pair.sentence[match.end("value") :]
    return None


def _number_of_passage(pair: Pair, others: Others) -> str | None:
    for match in _occasions(pair):
        context, after = pair.shown[0], tokens(pair.sentence[match.end() :])[:1]
        fit = [
            other["value"]
            for other in _numbers(context)
            if bool(other["money"]) == bool(match["money"])
            and bool(other["percent"]) == bool(match["percent"])
            and tokens(context[other.end() :])[:1] != after
            and other["value"] not in pair.sentence
            and abs(len(other["value"]) - len(match["value"])) <= 1
        ]
        if fit:
            return (
                pair.sentence[: match.start("value")]
                + others.rng.choice(fit)
                + pair.sentence[match.end("value") :]
            )
    return None


def _new_unit(pair: Pair, others: Others) -> str | None:
    units = "|".join(re.escape(unit) for unit in UNITS)
    figure = rf"(\d[\d,.]*|{'|'.join(SPELLED)})"
    for match in re.finditer(rf"\b{figure}([ -])({units})(?!\w)", pair.sentence):
        number, gap, unit = match.groups()
        words = set(tokens(pair.shown[0]))
        new = UNITS[unit]
        if new.lower() not in words and unit.lower() in words and " " not in new + gap.strip():
            return pair.sentence[: match.start()] + number + gap + new + pair.sentence[match.end() :]
    return None


def _spelt(pair: Pair, others: Others) -> str | None:
    held = set(tokens(pair.shown[0]))
    for match in SPELT.finditer(pair.sentence):
        word = match.group().lower()
        if word not in held or LOOSE.search(pair.sentence[: match.start()]):
            continue
        if re.match(r" (?:of|or|hundred|thousand|main|types|ways|days a)\b", pair.sentence[match.end() :]):
            continue
        fit = [new for i, new in enumerate(SPELLED, 2) if new not in held and str(i) not in held]
        if fit:
            new = others.rng.choice(fit[:5])
            new = new.capitalize() if match.group()[0].isupper() else new
            return pair.sentence[: match.start()] + new + pair.sentence[match.end() :]
    return None


def changed_date(pair: Pair, others: Others) -> Pair | None:
    """Put another year, decade, month, day or weekday in the place of one."""
    for way in others.rng.sample([_year, _year_of_passage, _month, _day, _weekday], 5):
        made = way(pair, others)
        if made:
            return replace(pair, sentence=made, way=way.__name__.strip("_").replace("_", " "))
    return None


def _years(pair: Pair) -> list[re.Match[str]]:
    held = set(tokens(pair.shown[0]))
    near = pair.sentence
    found = [
        match
        for match in YEAR.finditer(near)
        if match[1] in held and not set(near[max(0, match.start() - 1) : match.end() + 1]) & set("–-")
    ]
    bound = r"(?i)\b(before|after|by|until|since|around|the) (?:the )?$"
    return [match for match in found if match["s"] or not re.search(bound, pair.sentence[: match.start()])]


def _year(pair: Pair, others: Others) -> str | None:
    fit, held = _years(pair), set(tokens(pair.shown[0]))
    if not fit:
        return None
    match = others.rng.choice(fit)
    steps = (-30, -20, -10, 10, 20) if match["s"] else (-12, -10, -6, -5, -4, -3, -2, -1, 1, 2, 3, 4, 5, 10)
    for step in others.rng.sample(steps, len(steps)):
        new = str(int(match[1]) + step)
        if new not in held and int(new) <= 2025:
            return pair.sentence[: match.start(1)] + new + pair.sentence[match.end(1) :]
    return None


def _year_of_passage(pair: Pair, others: Others) -> str | None:
    for match in _years(pair):
        if match["s"]:
            continue
        fit = sorted({m[1] for m in YEAR.finditer(pair.shown[0]) if not m["s"] and m[1] not in pair.sentence})
        if fit:
            new = others.rng.choice(fit)
            return pair.sentence[: match.start(1)] + new + pair.sentence[match.end(1) :]
    return None


def _month(pair: Pair, others: Others) -> str | None:
    return _swap(pair, others, [month for month in MONTHS if month != "May"])


def _weekday(pair: Pair, others: Others) -> str | None:
    return _swap(pair, others, DAYS)


def _swap(pair: Pair, others: Others, words: list[str]) -> str | None:
    held = set(tokens(pair.shown[0]))
    for match in re.finditer(rf"(?i)\b({'|'.join(words)})\b(?= \d| of|,|\.| in)", pair.sentence):
        fit = [word for word in words if word.lower() not in held and word[:3].lower() not in held]
        if fit and match.group().lower() in held:
            new = others.rng.choice(fit)
            new = new if match.group()[0].isupper() else new.lower()
            return pair.sentence[: match.start()] + new + pair.sentence[match.end() :]
    return None


def _day(pair: Pair, others: Others) -> str | None:
    held = set(tokens(pair.shown[0]))
    for match in re.finditer(rf"(?i)(?:{MONTH}) (\d\d?)\b(?!\d)|\b(\d\d?) (?:{MONTH})\b", pair.sentence):
        group = 1 if match[1] else 2
        fit = [str(day) for day in range(2, 29) if str(day) not in held and f"{day:02}" not in held]
        if fit and match[group] in held:
            return (
                pair.sentence[: match.start(group)]
                + others.rng.choice(fit)
                + pair.sentence[match.end(group) :]
            )
    return None
