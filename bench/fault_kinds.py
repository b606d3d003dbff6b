"""Mechanical faults: each makes a supported sentence false given its passage, or leaves it (None).

Written from what language models get wrong, without knowing how Citewell checks an answer. (A few mends of grammar
and truth were made after the checker had been read; the first commit of this file is from before.) Each function
takes a supported pair and the others, draws from the others' seeded randomness only, and gives the pair with a faulty
sentence (or, for a wrong passage, the sentence beside another passage).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from difflib import SequenceMatcher

from bench.fault_figures import changed_date, swapped_number
from bench.fault_text import Others, Pair, content, coverage, names_of, tokens
from bench.fault_words import DID, DOES, OPPOSITES, QUOTED, QUOTES, SOURCES

FRAMES = ('The passage states: "{}"', 'As the source puts it, "{}"', 'It says, "{}"')
Fault = Callable[[Pair, Others], Pair | None]
AUXILIARY = re.compile(r"\b(is|are|was|were|has|have|had|can|will|does|do|did)\b")
SUBORDINATE = re.compile(
    r"(?i)\b(which|who|whom|whose|that|where|when|if|while|because|although|though|since|after|before|until|how|what|"
    r"why|whether|unless|once|as|all|every|some|many|most|both|few|any|only|no|neither|despite)\b"
)
"""Before the main verb, these leave open what a `not` would deny."""
PARTICIPLE = r" (?:\w+ly )?(?:\w+e[dn]|\w+own|made|had|won|led|sold)\b"
"""After a form of have: a perfect tense."""
HALF = re.compile(r"\b(is|are|was|were)\b")


def changed_name(pair: Pair, others: Others) -> Pair | None:
    """Put another name of the same class in the place of one: from this passage, or from another one."""
    context = pair.shown[0]
    here = list(dict.fromkeys(names_of(pair.sentence, context)))
    others.rng.shuffle(here)
    for name, kind in sorted(here, key=lambda one: one[1].startswith("other")):
        if name not in context or pair.sentence.count(name) != 1:
            continue
        inside = [n for n, k in dict.fromkeys(names_of(context, context)) if k == kind]
        ways = [("same passage", inside), ("other passage", others.names.get(kind, []))]
        for way, stock in others.rng.sample(ways, 2):
            fit = [new for new in stock if _is_other(new, name, pair, way)]
            if fit:
                new = others.rng.choice(fit)
                return replace(pair, sentence=_article(pair.sentence.replace(name, new), new), way=way)
    return None


def _is_other(new: str, name: str, pair: Pair, way: str) -> bool:
    shared = set(new.lower().split()) & set(name.lower().split())
    if len(new.split()) != len(name.split()) or new in pair.sentence or new.isupper() != name.isupper():
        return False
    if way == "same passage":
        return not shared
    return new.lower() not in pair.shown[0].lower() and len(shared) < max(1, len(name.split()))


def _article(sentence: str, word: str) -> str:
    right = "an" if word[0] in "AEIO" else "a"
    return re.sub(
        rf"\b([Aa])n? (?={re.escape(word)})", lambda m: right.replace("a", m.group(1), 1) + " ", sentence
    )


def negation(pair: Pair, others: Others) -> Pair | None:
    """Deny the main verb, or drop the denial there is."""
    text = pair.sentence
    dropped = _affirm(text)
    if dropped:
        return replace(pair, sentence=dropped, way="removed")
    if re.search(r"(?i)\b(not|no|never|none|neither|nor|without|cannot|nobody)\b|n't\b", text):
        return None
    denied = _deny(text)
    return replace(pair, sentence=denied, way="added") if denied else None


def _affirm(text: str) -> str | None:
    for pattern, new in (
        (
            r"\b(is|are|was|were|can|will|would|should|has|have|had) not (?!only|just|all|always|necessarily)",
            r"\1 ",
        ),
        (r"\bcannot\b", "can"),
        (r"\b(is|are|was|were|would|could|should|has|have)n't\b", r"\1"),
        (r"\b(do|does|did)(?: not|n't) (?=[a-z])", r"\1 "),
        (r"\b(has|have|had|is|was|were|are) never ", r"\1 always "),
        (r"\bno (evidence|significant|longer|written|known|cure)\b", r"\1"),
    ):
        made, count = re.subn(pattern, new, text, count=1)
        if count and not re.search(r"\blonger\b", text):
            return made
    return None


def _deny(text: str) -> str | None:
    match = AUXILIARY.search(text)
    if match and not SUBORDINATE.search(text[: match.start()]) and match.start() > 1:
        before, verb, rest = text[: match.start()], match.group(), text[match.end() :]
        if re.search(r"[,;(:\"“]", before):
            return None
        if verb in ("has", "have", "had") and not re.match(PARTICIPLE, rest):
            aux = {"has": "does", "have": "do", "had": "did"}[verb]
            return f"{before}{aux} not have{rest}"
        rest = re.sub(
            r"^ (also|always|often|usually|typically|generally|mostly|now|still|currently) ", " ", rest
        )
        return f"{before}cannot{rest}" if verb == "can" else f"{before}{verb} not{rest}"
    return None if match else _deny_plain(text)


def _deny_plain(text: str) -> str | None:
    for aux, verbs in (("did", DID), ("does", DOES)):
        match = re.search(rf"\b({'|'.join(verbs)})\b", text)
        if match and match.start() > 2 and not re.search(r"[,;(:\"“]", text[: match.start()]):
            before = text[: match.start()]
            if not SUBORDINATE.search(before) and not re.search(
                r"\b(the|a|an|of|to|and|or|be|been) $", before
            ):
                return f"{before}{aux} not {verbs[match.group()]}{text[match.end() :]}"
    return None


def opposite(pair: Pair, others: Others) -> Pair | None:
    """Turn one word into its opposite, where the passage has the word and not its opposite."""
    held = set(tokens(pair.shown[0]))
    words = [word for word in re.findall(r"[a-z]+", pair.sentence) if word in OPPOSITES and word in held]
    fit = [word for word in words if OPPOSITES[word] not in held and not _is_bound(word, pair.sentence)]
    if not fit:
        return None
    word = others.rng.choice(fit)
    made = re.sub(rf"\b{word}\b", OPPOSITES[word], pair.sentence, count=1)
    return replace(pair, sentence=made, way=f"{word} → {OPPOSITES[word]}")


def _is_bound(word: str, sentence: str) -> bool:
    fixed = rf"\b(?:at|or|no|much|even|once|and|the|ever|look) {word} (?:than one|or|and|of)\b"
    return bool(re.search(rf"{fixed}|{word}-|-{word}|{word} and|like {word}", sentence))


def wrong_passage(pair: Pair, others: Others) -> Pair | None:
    """Show the sentence beside the nearest passage on another matter, which does not hold its facts."""
    for other in others.nearest(pair):
        held = other.shown[0]
        if coverage(pair.sentence, held) <= 0.6:
            return replace(pair, shown=other.shown, way="nearest")
    return None


def two_mixed(pair: Pair, others: Others) -> Pair | None:
    """Give this sentence's subject the predicate of another's, with both passages shown."""
    mine = _halves(pair.sentence)
    if mine is None:
        return None
    found = []
    for other in others.nearest(pair):
        theirs = _halves(other.sentence)
        if not theirs or theirs[1] != mine[1]:
            continue
        free = coverage(mine[0], other.shown[0]) < 1 and coverage(theirs[2], pair.shown[0]) <= 0.5
        if free and not set(content(theirs[0])) & set(content(mine[0])):
            shown = (*pair.shown, *other.shown)
            found.append(replace(pair, sentence=f"{mine[0]}{mine[1]}{theirs[2]}", shown=shown, way=mine[1]))
    return others.rng.choice(found[:5]) if found else None


def _halves(text: str) -> tuple[str, str, str] | None:
    match = HALF.search(text)
    if (
        not match
        or SUBORDINATE.search(text[: match.start()])
        or re.search(r"[,;:(\"]", text[: match.start()])
    ):
        return None
    subject, rest = text[: match.start()], text[match.end() :]
    vague = re.match(
        r"(?i)(it|he|she|they|this|these|there|here|we|you|in|on|at|by|for|additionally|one)\b", subject
    )
    pointing = re.search(r"(?i)\b(its|their|his|her|the (?:album|song|film|book|series|movie))\b", rest)
    if (
        vague
        or pointing
        or len(content(subject)) < 1
        or len(content(rest)) < 4
        or rest.lstrip()[:1].isdigit()
    ):
        return None
    return subject, match.group(), rest


def fabricated_quote(pair: Pair, others: Others) -> Pair | None:
    """Add a quotation, or turn the sentence into one, that the passage does not hold."""
    ways = [_made_up, _misquoted, _misquoted, _reworded, _borrowed]
    for way in others.rng.sample(ways, 5):
        found = way(pair, others)
        if (
            found
            and not _holds(found[1], pair.shown[0])
            and '"' not in pair.sentence
            and "“" not in pair.sentence
        ):
            return replace(pair, sentence=found[0], way=way.__name__.strip("_").replace("_", " "))
    return None


def _made_up(pair: Pair, others: Others) -> tuple[str, str] | None:
    rng = others.rng
    if rng.random() < 0.5:
        quote, frame = rng.choice(QUOTES), rng.choice(['{}, described as "{}."', '{}, which is called "{}."'])
    else:
        quote, frame = rng.choice(QUOTED), rng.choice(['{}, and the passage notes: "{}."', '"{1}": {0}.'])
    return frame.format(pair.sentence.rstrip("."), quote), quote


def _reworded(pair: Pair, others: Others) -> tuple[str, str] | None:
    mine, held = tokens(pair.sentence), tokens(pair.shown[0])
    run = SequenceMatcher(None, mine, held, autojunk=False).find_longest_match().size
    if run > len(mine) / 2:
        return None
    return others.rng.choice(FRAMES).format(pair.sentence), pair.sentence


def _misquoted(pair: Pair, others: Others) -> tuple[str, str] | None:
    for make in others.rng.sample([swapped_number, changed_date, changed_name, negation, opposite], 5):
        made = make(pair, others)
        if made:
            frame = others.rng.choice(
                ['The passage states: "{}"', 'As the source puts it, "{}"', 'It says, "{}"']
            )
            return frame.format(made.sentence), made.sentence
    return None


def _borrowed(pair: Pair, others: Others) -> tuple[str, str] | None:
    for other in others.nearest(pair):
        words = other.sentence.rstrip(".").split()
        if 6 <= len(words) <= 25 and other.near and '"' not in other.sentence:
            quote = " ".join(words)
            return f'{pair.sentence.rstrip(".")}, and the text adds: "{quote}."', quote
    return None


def _holds(quote: str, context: str) -> bool:
    return " ".join(tokens(quote)) in " ".join(tokens(context))


def invented_source(pair: Pair, others: Others) -> Pair | None:
    """Cite a number that was not shown, or lay the claim on a source that does not exist."""
    body = pair.sentence.rstrip(".")
    if others.rng.random() < 0.5:
        mark = others.rng.choice(["[9]", "[2]", "[12]", "[1, 9]", "[1][7]", "[4][5]", "【3】", "(source 8)"])
        return replace(pair, sentence=f"{body} {mark}.", way=mark)
    source, year = others.rng.choice(SOURCES), others.rng.randint(2009, 2023)
    lower = _lower_first(body, pair.shown[0])
    frame = others.rng.choice(
        [
            "According to {s}, {b}.",
            "A {y} study by {s} found that {b}.",
            "{c} ({s}, {y}).",
            "As {s} reported, {b}.",
        ]
    )
    named = source.removeprefix("the ") if frame.startswith("{c}") else source
    made = frame.format(s=named, y=year, b=lower, c=body)
    return replace(pair, sentence=made, way="attributed")


def _lower_first(body: str, context: str) -> str:
    first = body.split()[0].rstrip(",")
    named: Iterable[str] = (name for name, _ in names_of(body, context))
    keep = any(body.startswith(name) for name in named) or first.isupper() or first == "I"
    return (
        body
        if keep or not re.search(rf"\b{re.escape(first.lower())}\b", context)
        else body[0].lower() + body[1:]
    )


KINDS: dict[str, Fault] = {
    "fabricated quote": fabricated_quote,
    "swapped number": swapped_number,
    "changed date": changed_date,
    "changed name": changed_name,
    "negation": negation,
    "opposite word": opposite,
    "wrong passage": wrong_passage,
    "two mixed": two_mixed,
    "invented source": invented_source,
}
