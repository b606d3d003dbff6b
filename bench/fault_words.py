"""Word lists of `bench.fault_kinds`: what a mechanical fault needs to know of English."""

from __future__ import annotations


def _list(text: str, mark: str | None = None) -> list[str]:
    return text.split(mark)


STOP = frozenset(
    _list(
        "a about after all also an and any are as at be because been being between both but by can could did "
        "do does during each for from had has have he her his how i if in into is it its many may might more "
        "most much no nor not of on one only or other our over said she should so some such than that the "
        "their them then there these they this those through to very was we were what when where which while "
        "who whose why will with would you your"
    )
)
MONTHS = _list("January February March April May June July August September October November December")
DAYS = _list("Monday Tuesday Wednesday Thursday Friday Saturday Sunday")
SPELLED = _list("two three four five six seven eight nine ten eleven twelve")
UNITS = {
    "kilometres": "miles", "kilometers": "miles", "km": "miles", "miles": "kilometers",
    "mile": "kilometer", "metres": "feet", "meters": "feet", "feet": "meters", "inches": "centimeters",
    "cm": "inches", "million": "billion", "billion": "million", "trillion": "billion",
    "thousand": "million", "hours": "minutes", "minutes": "hours", "seconds": "minutes",
    "days": "weeks", "weeks": "months", "months": "years", "years": "months", "year": "month",
    "week": "month", "kg": "pounds", "kilograms": "pounds", "pounds": "kilograms", "tons": "pounds",
    "MW": "kW", "kW": "MW", "GWh": "MWh", "acres": "square miles", "mg": "g", "grams": "milligrams",
    "gallons": "liters", "liters": "gallons", "°F": "°C", "°C": "°F", "mph": "km/h", "GHz": "MHz",
    "MHz": "kHz", "GB": "MB", "MB": "GB",
}  # fmt: skip
"""A unit and one that a model takes for it."""
COUNTRIES = _list(
    "Afghanistan|Algeria|Argentina|Australia|Austria|Bangladesh|Belgium|Bolivia|Brazil|Bulgaria|Canada|"
    "Chile|China|Colombia|Croatia|Cuba|Denmark|Egypt|England|Estonia|Ethiopia|Finland|France|Germany|"
    "Ghana|Greece|Hungary|Iceland|India|Indonesia|Iran|Iraq|Ireland|Israel|Italy|Jamaica|Japan|Kenya|"
    "Malaysia|Mexico|Morocco|Nepal|Netherlands|New Zealand|Nigeria|Norway|Pakistan|Peru|Philippines|"
    "Poland|Portugal|Romania|Russia|Scotland|Serbia|Singapore|South Africa|South Korea|Spain|Sweden|"
    "Switzerland|Syria|Taiwan|Thailand|Turkey|Ukraine|Venezuela|Vietnam|Wales",
    "|",
)
STATES = _list(
    "Alabama|Alaska|Arizona|Arkansas|California|Colorado|Connecticut|Florida|Georgia|Hawaii|Illinois|"
    "Indiana|Iowa|Kansas|Kentucky|Louisiana|Maine|Maryland|Massachusetts|Michigan|Minnesota|Mississippi|"
    "Missouri|Montana|Nebraska|Nevada|New Jersey|New Mexico|North Carolina|Ohio|Oklahoma|Oregon|"
    "Pennsylvania|South Carolina|Tennessee|Texas|Utah|Vermont|Virginia|Wisconsin|Wyoming",
    "|",
)
CITIES = _list(
    "Amsterdam|Atlanta|Baltimore|Barcelona|Beijing|Berlin|Boston|Brussels|Budapest|Cairo|Chicago|"
    "Cleveland|Dallas|Denver|Detroit|Dublin|Edinburgh|Houston|Istanbul|Kyiv|Las Vegas|Lisbon|Liverpool|"
    "London|Los Angeles|Madrid|Manchester|Melbourne|Miami|Milan|Minneapolis|Montreal|Moscow|Munich|"
    "Nashville|New Orleans|New York City|Paris|Philadelphia|Phoenix|Pittsburgh|Portland|Prague|Rome|"
    "San Diego|San Francisco|Seattle|Seoul|Stockholm|Sydney|Tokyo|Toronto|Vancouver|Vienna|Warsaw",
    "|",
)
DEMONYMS = _list(
    "American Australian Austrian Belgian Brazilian British Canadian Chinese Danish Dutch Egyptian "
    "English French German Greek Indian Irish Israeli Italian Japanese Korean Mexican Norwegian Polish "
    "Portuguese Russian Scottish Spanish Swedish Swiss Turkish Welsh"
)
FIRST_NAMES = frozenset(
    _list(
        "Adam Alan Albert Alex Alexander Alice Amanda Amy Andrew Angela Ann Anna Anne Anthony Arthur Barack "
        "Barbara Ben Benjamin Bill Bob Brian Bruce Carl Carol Catherine Charles Charlie Chris Christian "
        "Christina Christopher Claire Craig Daniel Danny David Dean Dennis Diana Diane Donald Dorothy "
        "Douglas Edward Elizabeth Emily Emma Eric Ernest Eva Frank Fred Frederick Gary George Gerald Grace "
        "Greg Harold Harry Heather Helen Henry Howard Hugh Ian Isaac Jack Jackie Jacob James Jamie Jane "
        "Jason Jean Jeff Jennifer Jerry Jesse Jessica Jim Jimmy Joan Joe John Johnny Jon Jonathan Jordan "
        "Joseph Josh Joshua Juan Julia Julie Justin Karen Kate Katherine Keith Kelly Ken Kenneth Kevin Kim "
        "Larry Laura Lauren Lee Leonard Linda Lisa Louis Lucy Margaret Maria Marie Mark Martin Mary Matt "
        "Matthew Max Megan Melissa Michael Michelle Mike Nancy Natalie Neil Nicholas Nick Nicole Oliver "
        "Oscar Pamela Patricia Patrick Paul Peter Philip Rachel Ralph Ray Rebecca Richard Rick Robert Robin "
        "Roger Ron Ronald Rose Roy Russell Ruth Ryan Sam Samuel Sandra Sara Sarah Scott Sean Sharon Simon "
        "Sophie Stephanie Stephen Steve Steven Stuart Susan Ted Terry Theodore Thomas Tim Timothy Toby Tom "
        "Tommy Tony Tyler Victor Victoria Vincent Virginia Walter Warren Wayne William Winston"
    )
)
HEADS = frozenset(
    _list(
        "Act Agency Army Association Award Awards Bridge Championship Championships Church Club College "
        "Commission Company Conference Corporation Council County Court Cup Department Disease Festival "
        "Foundation Hospital Institute Island Lake League Magazine Method Museum News Park Party Press "
        "Records River School Society Station Street Syndrome Theater Theatre Theory Times Union University "
        "War"
    )
)
"""The last word of a name that says what it names."""
DID = {
    "achieved": "achieve", "acquired": "acquire", "added": "add", "announced": "announce",
    "appeared": "appear", "became": "become", "began": "begin", "bought": "buy", "built": "build",
    "called": "call", "came": "come", "caused": "cause", "created": "create", "defeated": "defeat",
    "died": "die", "discovered": "discover", "earned": "earn", "established": "establish",
    "featured": "feature", "finished": "finish", "found": "find", "gave": "give", "grew": "grow",
    "helped": "help", "included": "include", "introduced": "introduce", "joined": "join",
    "launched": "launch", "led": "lead", "left": "leave", "lost": "lose", "made": "make",
    "moved": "move", "opened": "open", "played": "play", "produced": "produce", "published": "publish",
    "ran": "run", "reached": "reach", "received": "receive", "recorded": "record",
    "released": "release", "reported": "report", "returned": "return", "said": "say", "served": "serve",
    "signed": "sign", "sold": "sell", "sang": "sing", "scored": "score", "started": "start",
    "stated": "state", "stayed": "stay", "took": "take", "used": "use", "visited": "visit",
    "went": "go", "won": "win", "worked": "work", "wrote": "write",
}  # fmt: skip
DOES = {
    "allows": "allow", "affects": "affect", "causes": "cause", "comes": "come", "consists": "consist",
    "contains": "contain", "controls": "control", "features": "feature", "gets": "get", "helps": "help",
    "includes": "include", "increases": "increase", "involves": "involve", "lives": "live",
    "makes": "make", "means": "mean", "occurs": "occur", "offers": "offer", "plays": "play",
    "produces": "produce", "protects": "protect", "provides": "provide", "reduces": "reduce",
    "refers": "refer", "requires": "require", "runs": "run", "sings": "sing", "states": "state",
    "suggests": "suggest", "takes": "take", "uses": "use", "works": "work",
}  # fmt: skip
OPPOSITES = {
    "increase": "decrease", "increases": "decreases", "increased": "decreased",
    "increasing": "decreasing", "decrease": "increase", "decreases": "increases",
    "decreased": "increased", "reduce": "raise", "reduces": "raises", "reduced": "raised",
    "higher": "lower", "lower": "higher", "more": "less", "fewer": "more", "larger": "smaller",
    "smaller": "larger", "largest": "smallest", "highest": "lowest", "lowest": "highest",
    "best": "worst", "before": "after", "after": "before", "older": "younger", "younger": "older",
    "oldest": "youngest", "youngest": "oldest", "positive": "negative", "negative": "positive",
    "improve": "worsen", "improves": "worsens", "improved": "worsened", "won": "lost", "lost": "won",
    "supports": "opposes", "supported": "opposed", "first": "last", "faster": "slower",
    "slower": "faster", "gain": "loss",
    "success": "failure", "successful": "unsuccessful", "accepted": "rejected", "legal": "illegal",
    "advantages": "drawbacks", "strengthen": "weaken", "early": "late", "winter": "summer",
    "summer": "winter", "northern": "southern", "southern": "northern", "western": "eastern",
    "eastern": "western", "father": "brother", "wife": "daughter", "son": "nephew", "mother": "aunt",
    "male": "female",
}  # fmt: skip
"""A word and one that turns the sentence's sense round."""
QUOTES = (
    "one of the most important developments of its kind",
    "a turning point that nobody had expected",
    "the standard in the field",
    "far more complicated than most people realize",
    "a lasting influence on everyone who came after",
    "the single biggest factor behind the change",
    "neither fully understood nor widely accepted",
)
QUOTED = (
    "there is simply no substitute for careful preparation",
    "the results exceeded everything we had hoped for",
    "we knew from the very start that this would matter",
    "it has changed the way people think about the subject",
    "the evidence leaves very little room for doubt",
)
SOURCES = (
    "the Harlow Institute",
    "the Journal of Applied Inquiry",
    "the Brandt Foundation",
    "Okafor and Lindqvist",
    "the Meridian Research Group",
    "Whitcombe et al.",
    "the Pacific Policy Review",
    "Dr. Helena Vasquez-Moore",
    "the Castellan Report",
    "the Northbridge Survey",
)
"""Sources that do not exist."""
