"""Where a network is wrong, and what would have helped: its errors, peeled off group by group.

A character is an error if its probability was below one half. A short context would have avoided
some errors, the memory of a word just read others, more text to learn from yet others. Each error
goes to the first group that explains it, and so the order matters. After Karpathy, Johnson and
Fei-Fei, "Visualizing and Understanding Recurrent Networks" (2015, arXiv 1506.02078), section 4.4.
Built in lesson 11.

    >>> bits = np.array([0.2, 3.0, 3.0, 0.2, 3.0, 3.0])
    >>> errors = peel("ta (o)", bits, train_text="ta lo ta lo ", order=1)
    >>> {group: count for group, count in errors.counts.items() if count}
    {'n-gram': 2, 'rare word': 1, 'closing mark': 1}
"""

import re
from collections import Counter
from dataclasses import dataclass

import numpy as np

from minichar.ngram import NGram
from minichar.text import Vocabulary

# In the order in which they are taken off.
GROUPS = (
    "n-gram",  # an n-gram of some order gave it more than one half
    "repeated word",  # not the first letter of a word that stood in the text not long ago
    "rare word",  # in a word that is rare in the training text
    "word start",  # after a space, a line end or a quotation mark: the hardest place
    "closing mark",  # closes a bracket or a quotation: only memory knows
    "punctuation",  # any other character that is neither letter nor digit nor space
    "the rest",
)
WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class Errors:
    """For each character of a text the number of its group, -1 where there is no error."""

    group: np.ndarray

    @property
    def counts(self) -> dict[str, int]:
        """How many errors each group has; each error is in exactly one."""
        found = np.bincount(self.group[self.group >= 0], minlength=len(GROUPS))
        return dict(zip(GROUPS, found.tolist(), strict=True))

    @property
    def shares(self) -> dict[str, float]:
        """Each group as a share of all errors; together 1, where there are any."""
        total = max(1, int((self.group >= 0).sum()))
        return {name: count / total for name, count in self.counts.items()}


def peel(
    text: str,
    bits: np.ndarray,
    train_text: str,
    order: int = 8,
    recent: int = 1000,
    rare: int = 5,
    ngram: NGram | None = None,
) -> Errors:
    """Sort a model's errors on `text` into GROUPS, given its `bits` (len(text),) and what it read.

    An error is a character that had less than one half, so cost more than one bit. The n-grams are
    those of order 0 to `order` counted on `train_text`, or to that of an `ngram` counted before. A
    word is repeated if it stood, alone or within another, in the last `recent` characters before
    it; it is rare if `train_text` has it at most `rare` times.

    Raises ValueError where text and bits differ in length, and as NGram does.
    """
    if np.shape(bits) != (len(text),):
        raise ValueError(f"bits of shape {np.shape(bits)} for a text of {len(text)} characters")
    ngram = ngram or NGram(train_text, order, Vocabulary(sorted({*train_text, *text})))
    known = np.min([ngram.bits(text, order=k) for k in range(ngram.order + 1)], axis=0) < 1
    repeated, scarce = np.zeros((2, len(text)), bool)
    times = Counter(WORD.findall(train_text))
    for word in WORD.finditer(text):
        start, end = word.span()
        repeated[start + 1 : end] = text.find(word[0], max(0, start - recent), start) >= 0
        scarce[start:end] = times[word[0]] <= rare
    begins = [before in " \t\n\"'`" for before in ("\n" + text)[:-1]]
    closing = [c in ")]}>\"'`" for c in text]
    marks = [not (c.isalnum() or c.isspace()) for c in text]
    tests = [known, repeated, scarce, begins, closing, marks, np.ones(len(text), bool)]
    first = np.argmax(tests, axis=0)  # the first test that holds
    return Errors(np.where(np.asarray(bits) > 1, first, -1))
