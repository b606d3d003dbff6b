"""Which text of a web page does a browser not show? By its own styles, and by those that its sheets give to a class."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Final

from citewell.read import hidden
from citewell.read.hidden import marked

VOID: Final = frozenset(
    ["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"]
)
RAW: Final = frozenset(("script", "style", "title", "textarea"))
_RULE: Final = re.compile(r"([^{}]+)\{([^{}]*)\}")
_SELECTOR: Final = re.compile(r"[\w-]*[.#]([\w-]+)")
_SHEET: Final = re.compile(r"<style\b[^>]*>(.*?)</style", re.IGNORECASE | re.DOTALL)
_WHITE: Final = r"(?:#fff(?:fff)?(?:ff)?|white|rgba?\(\s*255\s*,\s*255\s*,\s*255[^)]*\))"
_COLOUR: Final = re.compile(r"(?:^|[;\s])color\s*:\s*([^;!]+)", re.IGNORECASE)
_BEHIND: Final = re.compile(r"background(?:-color)?\s*:\s*([^;!]+)", re.IGNORECASE)
_STYLES: Final = (
    (
        hidden.UNDISPLAYED,
        r"display\s*:\s*none|visibility\s*:\s*(?:hidden|collapse)|content-visibility\s*:\s*hidden",
    ),
    (
        hidden.TRANSPARENT,
        r"opacity\s*:\s*0?(?:\.0\d*)?\s*(?:;|!|$)|(?<![-\w])color\s*:\s*(?:transparent|rgba\([^)]*,\s*0?\.?0\s*\))",
    ),
    (
        hidden.TINY,
        r"font-size\s*:\s*(?:0|0?\.\d+|1)(?:px|pt|em|rem|%)?\s*(?:;|!|$)|(?:max-)?(?:height|"
        r"width)\s*:\s*[01](?:px)?\s*(?:;|!|$)|scale\(\s*0",
    ),
    (
        hidden.OFF_PAGE,
        r"(?:left|top|right|bottom|text-indent|margin-left|margin-top)\s*:\s*-\s*\d{3,}|"
        r"translate[xy]?\(\s*-\d{3,}|clip\s*:\s*rect\(\s*[01]|"
        r"clip-path\s*:\s*(?:inset\(\s*(?:50|100)|circle\(\s*0)",
    ),
)


def mark_unseen(source: str) -> str:
    """Return a page with marks around the text that is not shown: hidden by a style, a class, an attribute; "
    "alt texts."""
    source = hidden.OURS.sub("", source)
    classes = _classes(source)
    page = _Page(classes)
    page.feed(source)
    page.close()
    return "".join(page.out)


def style_hides(style: str) -> int | None:
    """Return how a style hides its text, as a place in `hidden.HOW`; None when it does not."""
    for how, pattern in _STYLES:
        if re.search(pattern, style, re.IGNORECASE):
            return how
    colour, behind = _COLOUR.search(style), _BEHIND.search(style)
    if colour is None:
        return None
    said = colour[1].strip().lower()
    if behind is not None:
        return (
            hidden.COLOUR
            if behind[1].strip().lower().startswith(said) or _both_white(said, behind[1])
            else None
        )
    return hidden.COLOUR if re.fullmatch(_WHITE, said) else None


def _both_white(one: str, other: str) -> bool:
    return bool(re.fullmatch(_WHITE, one) and re.match(_WHITE, other.strip().lower()))


def _classes(source: str) -> dict[str, int]:
    """Return the classes and ids that a page's own sheets hide; where a rule is for some media only does "
    "not count."""
    found: dict[str, int] = {}
    for sheet in _SHEET.findall(source):
        for selectors, style in _RULE.findall(re.sub(r"/\*.*?\*/", "", sheet, flags=re.DOTALL)):
            how = style_hides(style) if "@" not in selectors else None
            # White alone says little in a sheet: the page may be dark.
            if how is None or (how == hidden.COLOUR and not _BEHIND.search(style)):
                continue
            for selector in selectors.split(","):
                if name := _SELECTOR.fullmatch(selector.strip()):
                    found[name[1]] = how
    return found


class _Page(HTMLParser):
    """Writes a page again as it is, but for marks."""

    def __init__(self, classes: dict[str, int]) -> None:
        super().__init__(convert_charrefs=False)
        self.out: list[str] = []
        self._classes = classes
        self._open: list[tuple[str, int | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        how = self._how(given)
        raw = self.get_starttag_text() or ""
        alt = given.get("alt")
        if tag == "img" and alt and alt.strip():
            raw = re.sub(
                r"(\balt\s*=\s*)([\"'])(.*?)\2",
                lambda m: f"{m[1]}{m[2]}{marked(m[3], hidden.PICTURE)}{m[2]}",
                raw,
                count=1,
                flags=re.I | re.S,
            )
        self.out.append(raw)
        if tag not in VOID and not raw.endswith("/>"):
            self._open.append((tag, how if how is not None else self._now()))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        self.out.append(f"</{tag}>")
        for at in range(len(self._open) - 1, max(-1, len(self._open) - 200), -1):
            if self._open[at][0] == tag:
                del self._open[at:]
                return

    def handle_data(self, data: str) -> None:
        how = self._now()
        raw = bool(self._open) and self._open[-1][0] in RAW
        self.out.append(data if how is None or raw else marked(data, how))

    def handle_entityref(self, name: str) -> None:
        self.out.append(f"&{name};")

    def handle_charref(self, name: str) -> None:
        self.out.append(f"&#{name};")

    def handle_comment(self, data: str) -> None:
        return  # the converter drops comments

    def handle_decl(self, decl: str) -> None:
        self.out.append(f"<!{decl}>")

    def handle_pi(self, data: str) -> None:
        self.out.append(f"<?{data}>")

    def unknown_decl(self, data: str) -> None:
        self.out.append(f"<![{data}]>")

    def _now(self) -> int | None:
        return self._open[-1][1] if self._open else None

    def _how(self, given: dict[str, str | None]) -> int | None:
        if given.get("style") and (how := style_hides(given["style"] or "")) is not None:
            return how
        names = f"{given.get('class') or ''} {given.get('id') or ''}".split()
        return next((self._classes[name] for name in names if name in self._classes), None)
