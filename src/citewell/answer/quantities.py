"""Quantities of a text: a number with its unit, in one scale, so that "2 hours" is "120 minutes". Pure."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Final

from citewell.answer import words
from citewell.answer.constants import SAME_QUANTITY

_UNITS: Final = """
    time: second seconds sec secs =1, minute minutes min mins =60, hour hours hr hrs =3600, day days =86400,
        week weeks =604800, month months =2629800, year years yr yrs =31557600, decade decades =315576000,
        century centuries =3155760000
    length: mm millimeter millimeters millimetre millimetres =.001, cm centimeter centimeters centimetre
        centimetres =.01, meter meters metre metres =1, km kilometer kilometers kilometre kilometres =1000,
        inch inches =.0254, foot feet ft =.3048, yard yards =.9144, mile miles =1609.34
    mass: mg milligram milligrams =.001, g gram grams =1, kg kilogram kilograms kilo kilos =1000,
        ounce ounces oz =28.35, pound pounds lb lbs =453.6, ton tons tonne tonnes =1000000
    volume: ml milliliter milliliters millilitre millilitres =.001, liter liters litre litres =1,
        pint pints =.473, quart quarts =.946, gallon gallons =3.785, barrel barrels =159
    area: acre acres =4047, hectare hectares =10000
    speed: mph =1.609, km/h kph =1
    data: byte bytes =1, kb kilobyte kilobytes =1e3, mb megabyte megabytes =1e6, gb gigabyte gigabytes =1e9,
        tb terabyte terabytes =1e12
    frequency: hz hertz =1, khz =1e3, mhz =1e6, ghz =1e9
    power: watt watts =1, kw kilowatt kilowatts =1e3, mw megawatt megawatts =1e6, gw gigawatt gigawatts =1e9
    energy: kwh =1, mwh =1e3, gwh =1e6
    celsius: °c celsius =1
    fahrenheit: °f fahrenheit =1
    share: % percent =1
    dollars: dollar dollars =1
    euros: euro euros =1"""


def _read(table: str) -> dict[str, tuple[str, float]]:
    found: dict[str, tuple[str, float]] = {}
    for dimension, units in re.findall(r"(\w+):([^:]+)(?=\n *\w+:|$)", table):
        for unit in units.split(","):
            names, factor = unit.split("=")
            found |= {name: (dimension, float(factor)) for name in names.split()}
    return found


UNITS: Final = _read(_UNITS)
SCALES: Final = {"hundred": 1e2, "thousand": 1e3, "million": 1e6, "billion": 1e9, "trillion": 1e12}
_MONEY: Final = {"$": "dollars", "€": "euros", "£": "pounds sterling"}
_SPELLED: Final = "|".join(sorted(words.SPELLED, key=len, reverse=True))
_QUANTITY: Final = re.compile(
    rf"(?P<money>[$€£])? ?(?<![\w.])(?P<value>\d+(?:,\d{{3}})*(?:\.\d+)?|{_SPELLED})"
    rf"(?:[ -]?(?P<scale>{'|'.join(SCALES)}))?"
    rf"(?:[ -]?(?P<unit>{'|'.join(re.escape(u) for u in sorted(UNITS, key=len, reverse=True))}))?(?!\w)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number as it is written, what it measures ("" without a unit), and its value in the base unit."""

    number: str
    dimension: str
    value: float
    unit: str
    scaled: bool
    """Whether a word such as "million" follows the number."""

    def same(self, other: Quantity) -> bool:
        """Say whether both are one amount; one without a unit measures what the other does."""
        if self.dimension == other.dimension and self.unit != other.unit:
            return abs(self.value - other.value) <= SAME_QUANTITY * max(abs(self.value), abs(other.value))
        fits = self.dimension == other.dimension or not (self.dimension and other.dimension)
        return fits and math.isclose(self.value, other.value)

    def differs(self, other: Quantity) -> bool:
        """Say whether the number is the same and the amount is not: another unit, or another scale."""
        if self.number != other.number or self.same(other):
            return False
        return bool(self.dimension and other.dimension) or (self.scaled and other.scaled)


def quantities(text: str) -> list[Quantity]:
    """Return the numbers of a text with their units, in order."""
    return [_quantity(match) for match in _QUANTITY.finditer(text.replace("per cent", "percent"))]


def _quantity(match: re.Match[str]) -> Quantity:
    plain = match["value"].lower()
    number = str(words.SPELLED[plain]) if plain in words.SPELLED else words.digits(match["value"])
    unit = (match["unit"] or "").lower()
    dimension, factor = UNITS.get(unit, ("", 1.0))
    scale = SCALES.get((match["scale"] or "").lower(), 1.0)
    value = float(number) * scale * factor
    dimension = _MONEY.get(match["money"] or "", dimension)
    return Quantity(number, dimension, value, words.stem(unit), match["scale"] is not None)


def changed(claim: list[Quantity], quote: list[Quantity]) -> list[Quantity]:
    """Return the claim's quantities whose number the quote has with another unit or scale, and never alike."""
    return [
        one
        for one in claim
        if any(one.differs(other) for other in quote) and not any(one.same(other) for other in quote)
    ]
