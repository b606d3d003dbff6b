"""From found passages to a checked answer: prompt, extract, cite, refuse. Pure functions over model types."""

from citewell.answer.check import answer_of, verdict
from citewell.answer.cite import Cited, cite
from citewell.answer.prompt import REFUSAL, messages
from citewell.answer.prompt import prompt as prompt_of
from citewell.answer.refuse import answerable, refusal
from citewell.answer.sentences import sentences

__all__ = [
    "REFUSAL",
    "Cited",
    "answer_of",
    "answerable",
    "cite",
    "messages",
    "prompt_of",
    "refusal",
    "sentences",
    "verdict",
]
