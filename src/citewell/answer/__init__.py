"""From found passages to a checked answer: prompt, extract, cite, refuse. Pure functions over model types."""

from citewell.answer.check import answer_of, verdict
from citewell.answer.cite import Cited, cite
from citewell.answer.doubts import Doubt, doubts_of
from citewell.answer.extract import quotes_of
from citewell.answer.judge import Judged, judge
from citewell.answer.prompt import REFUSAL, passages_of
from citewell.answer.reasoning import Fence, parted
from citewell.answer.refuse import refusal
from citewell.answer.sentences import sentences
from citewell.answer.write import Writer, fence_of, prompt_of

__all__ = [
    "REFUSAL",
    "Cited",
    "Doubt",
    "Fence",
    "Judged",
    "Writer",
    "answer_of",
    "cite",
    "doubts_of",
    "fence_of",
    "judge",
    "parted",
    "passages_of",
    "prompt_of",
    "quotes_of",
    "refusal",
    "sentences",
    "verdict",
]
