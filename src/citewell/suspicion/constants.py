"""What the features of a sentence weigh, and where lines are drawn.

Made by `python -m bench.suspicion --data DATA`; docs/decisions/0013-hostile-documents.md has the evidence.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

VERSION: Final = 1
"""Counted up when scores change: what is stored was scored by a version."""
WITHHELD: Final = 0.5
"""Score from which a sentence is kept from a model."""
NEAR: Final = 0.2
"""Score from which a sentence goes with one beside it that is kept from a model: orders come in runs."""
HELD: Final = 0.9
"""Score from which a passage is quarantined."""
HIDDEN_ODDS: Final = 8.0
"""What being hidden multiplies the odds by that a text is an instruction: the document's readers cannot object."""
STANDS_IN: Final = "it stands in for a picture"
"""How a picture's alternative text is hidden. Some readers are told it: it is withheld only for what it says."""
BIAS: Final = -2.93
WEIGHTS: Final[Mapping[str, float]] = {
    "override": 3.91,
    "tags": 4.01,
    "persona": 4.02,
    "addressed": 4.03,
    "output": 1.77,
    "output_weak": 0.10,
    "your_code": 1.59,
    "splice": 0.14,
    "user": 0.29,
    "secrets": 0.25,
    "trigger": 3.82,
    "secrecy": 3.57,
    "refuse": 3.80,
    "literal": 1.44,
    "link": 0.35,
    "loud": 1.75,
    "authority": 3.67,
    "mention": -1.59,
    "technical": -2.02,
    "compose": 0.48,
    "explain": 0.14,
    "send": 0.41,
    "say": 0.39,
    "wh": 0.28,
    "quoted": -3.05,
    "novel": 0.97,
    "letters": 3.50,
    "order_output": 1.52,
    "insert_output": 2.94,
    "transform_output": 2.99,
    "say_link": 3.50,
    "task_novel": 3.78,
    "wh_novel": 3.84,
    "send_secrets": 3.86,
    "splice_code": 3.69,
    "spliced_danger": 3.50,
}
