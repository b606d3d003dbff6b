"""From found passages to a checked answer: prompt, extract, cite, refuse. Pure functions over model types."""

from citewell.answer.check import answer_of, verdict
from citewell.answer.cite import Cited, cite
from citewell.answer.prompt import REFUSAL, passages_of
from citewell.answer.reasoning import Fence, parted
from citewell.answer.refuse import answerable, refusal
from citewell.answer.sentences import sentences
from citewell.answer.write import Writer, fence_of, prompt_of

__all__ = [
    "REFUSAL",
    "Cited",
    "Fence",
    "Writer",
    "answer_of",
    "answerable",
    "cite",
    "fence_of",
    "parted",
    "passages_of",
    "prompt_of",
    "refusal",
    "sentences",
    "verdict",
]
