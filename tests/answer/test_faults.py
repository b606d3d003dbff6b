"""What a model gets wrong in a sentence that is otherwise right, and what it may change without being wrong."""

import pytest
from shelf import hit

from citewell.answer import cite

KARST = (
    "The Velm cave was mapped by Iris Donnell in February 2011. The survey took 9 days and 40 hours of diving. "
    "Iris Donnell sold the map to her brother, and Jonas Pryde bought the house above the entrance. "
    "Rising water reduces the flow of air in winter. The cave is not only the longest of the valley, but also the "
    "oldest. Visitors do not need a guide to enter the lower hall. The Velm Caving Club looks after it."
)
MILL = "The paper mill is the largest employer of Harrow. It exports 3 million tonnes a year."
AGE = "Iris Donnell, at 20 the youngest of the cavers, mapped the Velm cave in February 2011."
RIVER = (
    "Its first week sold 77,000 copies. Its fourth week sold 62,000 copies. The East Branch rises at Grand Gorge. "
    "The West Branch rises near Mount Jefferson. The 20 GB model and the 60 GB model cost $499 and $599, respectively. "
    "He called it &amp;quot;a house of cards&amp;quot;, said J. F. Orne of `` The Valley 's End '' . In the same year "
    "the old ferry sank with its cargo. Some say the ferry sank. Others were not on the ferry."
)
YEARS = "The bridge opened in 1898."

WRONG = {
    "another unit": "The survey took 9 weeks [1].",
    "another unit, hyphened": "It was a 40-minute dive, 40 minutes of diving in the survey that took 9 days [1].",
    "another scale": "The paper mill exports 3 billion tonnes a year [2].",
    "a month in lower case": "the velm cave was mapped by Iris Donnell in april 2011 [1].",
    "another kin": "Iris Donnell sold the map to her nephew [1].",
    "names exchanged": "Jonas Pryde sold the map to her brother [1].",
    "an inflected opposite": "Rising water raised the flow of air in winter [1].",
    "another season": "Rising water reduces the flow of air in summer [1].",
    "an opposite superlative": "The cave is the shortest of the valley [1].",
    "a denial dropped": "Visitors do need a guide to enter the lower hall [1].",
    "a denial of what is not only so": "The cave is not the longest of the valley [1].",
    "another subject": "The paper mill is not only the longest of the valley, but also the oldest [1].",
    "one passage's subject, another's predicate": "The Velm cave is the largest employer of Harrow [1][2].",
}

RIGHT = {
    "a unit in another form": "The survey took 216 hours [1].",
    "a scale written out": "The mill exports 3,000,000 tonnes a year [2].",
    "a month cut short": "Iris Donnell mapped the Velm cave in Feb. 2011 [1].",
    "an age beside a superlative": "Iris Donnell was 20 years old and mapped the Velm cave in February 2011 [3].",
    "amounts beside ranks": "The first week sold 77,000 copies and the fourth week 62,000 copies [4].",
    "opposites that both have": "The West Branch rises near Mount Jefferson and the East Branch at Grand Gorge [4].",
    "what goes with what, respectively": "The 20 GB model cost $499 and the 60 GB model $599 [4].",
    "a quotation from an escaped page": 'He called it "a house of cards" [4].',
    "a quotation in TeX's marks": "J. F. Orne spoke of ``The Valley's End'' [4].",
    "a name without an initial that it has": "It was said by J. K. Orne of ``The Valley's End'' [4].",
    "the same year": "In 1898 the old ferry sank with its cargo [4].",
    "what others deny": "Some say the ferry sank [4].",
    "no denial": "The cave is the longest of the valley [1].",
    "a name cut to its initials": "The VCC looks after the cave [1].",
}


@pytest.mark.parametrize("text", WRONG.values(), ids=WRONG.keys())
def test_a_fault_is_unsupported(text: str) -> None:
    cited = cite(text, [hit(KARST, "Velm cave"), hit(MILL, "Harrow")])
    assert cited.citations == ()
    assert len(cited.unsupported) == 1


@pytest.mark.parametrize("text", RIGHT.values(), ids=RIGHT.keys())
def test_a_change_of_form_is_supported(text: str) -> None:
    cited = cite(
        text,
        [hit(KARST, "Velm cave"), hit(MILL, "Harrow"), hit(AGE, "Cavers"), hit(f"{YEARS} {RIVER}", "River")],
    )
    assert cited.unsupported == ()
    assert cited.citations


def test_sentences_apart_from_each_other_may_support_a_claim_together() -> None:
    text = (
        "It grows in full sun. Cut leaves before it flowers. Water it each morning. The garden opens at "
        "nine. Tickets are sold at the gate. Dogs stay outside. Basil seed is sown in May."
    )
    cited = cite(
        "Basil seed is sown in May, and leaves are cut before it flowers [1].", [hit(text, "Garden")]
    )
    assert [one.quote for one in cited.citations] == [
        "Cut leaves before it flowers.",
        "Basil seed is sown in May.",
    ]
    assert cited.text.endswith("flowers [1][2].")


@pytest.mark.parametrize("mark", ["(source 8)", "[Passage 2]", "(documents 1, 9)", "[Doc 4]"])
def test_a_mark_in_words_is_a_mark(mark: str) -> None:
    cited = cite(f"The survey took 9 days {mark}.", [hit(KARST, "Velm cave")])
    assert cited.text == "The survey took 9 days [1]."
