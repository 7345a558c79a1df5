"""New or memorised: how close is what a model writes to what it was trained on?

For names and the like, the nearest known one by edit distance. For long texts, at every place the
longest run from there on that is in the training text, too. Built in lesson 12.

    >>> distance("kitten", "sitting"), nearest("marian", ["mary", "maria", "john"])
    (3, ('maria', 1))
    >>> shared("to be a bee", "to be or not to be").tolist()
    [6, 5, 4, 3, 2, 1, 0, 3, 2, 1, 1]
"""

from collections.abc import Sequence

import numpy as np

from minichar.text import code_points


def distance(a: str, b: str) -> int:
    """The fewest letters to put in, take out or exchange that turn `a` into `b` (Levenshtein).

    Source of the recursion: Wagner and Fischer, "The string-to-string correction problem", Journal
    of the ACM 21 (1974).
    """
    return int(distances(a, [b])[0])


def distances(text: str, others: Sequence[str]) -> np.ndarray:
    """The edit distance of `text` to each of `others`, int (n,): all tables filled side by side.

    Of each table two rows are kept: in all, some 45 bytes for each of the others and each letter of
    the longest of them.
    """
    lengths = np.array([len(other) for other in others], np.int64)
    codes = np.zeros((int(lengths.max(initial=0)), len(others)), np.int64)  # (L, n); 0: beyond
    for k, other in enumerate(others):
        codes[: len(other), k] = [ord(c) + 1 for c in other]
    row = np.repeat(np.arange(len(codes) + 1)[:, None], len(others), 1)  # (L + 1, n)
    for i, c in enumerate(text, 1):
        before, row = row, np.empty_like(row)
        row[0] = i  # all letters so far taken out
        exchanged = before[:-1] + (codes != ord(c) + 1)
        np.minimum(exchanged, before[1:] + 1, out=row[1:])  # exchanged or kept; or taken out
        for j in range(1, len(row)):
            np.minimum(row[j], row[j - 1] + 1, out=row[j])  # or one put in
    return row[lengths, np.arange(len(others))]


def nearest(text: str, known: Sequence[str]) -> tuple[str, int]:
    """The first of `known` at the least edit distance from `text`, and that distance.

    Raises ValueError when nothing is known.
    """
    if not len(known):
        raise ValueError("`known` is empty: there is nothing to compare with")
    away = distances(text, known)
    return known[int(away.argmin())], int(away.min())


def shared(text: str, training: str) -> np.ndarray:
    """At each place of `text`, how many characters from there on occur as a run in `training`.

    int (len(text),). What goes from a place to the end is a suffix. With all suffixes of both texts
    in alphabetical order, the two of the training text just before and just after one of `text`
    share the most with it. After Manber and Myers, "Suffix arrays: a new method for on-line string
    searches" (1993).

    Takes some 100 to 120 bytes for each character of both while it works. 100,000 characters
    against a training text of a million take about a second; at the worst, where most of the text
    is copied in one run, some 17 times as long as the first sorting.
    """
    first = len(training) + 1  # the text begins here, after a mark that neither has
    joined = np.concatenate([code_points(training) + 1, [0], code_points(text) + 1])
    levels = _ordered(joined, first)
    n, number = len(joined), levels[-1]
    at = np.full(n + 1, -1)  # -1: not there; the last place, which is also place -1, is no one's
    at[number[: first - 1]] = np.arange(first - 1)  # where in the training text a number begins
    known, ours, longest = at[:n] >= 0, np.arange(first, n), np.zeros(n - first, np.int64)
    before = np.maximum.accumulate(np.where(known, np.arange(n), -1))[number[first:n]]
    behind = np.minimum.accumulate(np.where(known, np.arange(n), n)[::-1])[::-1][number[first:n]]
    for beside in (before, behind):
        here, there = ours, at[beside]
        for k in range(len(levels) - 1, -1, -1):  # what they share, by powers of two
            alike = (levels[k][here] == levels[k][there]) * 2**k
            here, there = here + alike, there + alike
        longest = np.maximum(longest, here - ours)
    return longest


def _ordered(joined: np.ndarray, first: int) -> list[np.ndarray]:
    """For the pieces of 1, 2, 4, 8, … characters that begin at each place: numbers (n + 1,), int32.

    The number of a piece is how many come before it in alphabetical order, so that equal pieces
    have equal numbers; n stands for what begins at the end. A piece is sorted by the numbers of its
    two halves. Only pieces that occur in both texts, before `first` and from there on, are sorted
    further; there is no longer one when none does. After Larsson and Sadakane, "Faster suffix
    sorting" (2007).
    """
    n, width, levels = len(joined), 1, []
    _, kind, counts = np.unique(joined, return_inverse=True, return_counts=True)
    number = (counts.cumsum() - counts)[kind]
    while True:
        levels.append(np.append(number, n).astype(np.int32))
        both = np.zeros((2, n), bool)
        both[0, number[: first - 1]], both[1, number[first:]] = True, True
        alive = np.flatnonzero(both.all(axis=0)[number])
        if not len(alive):
            return levels
        second = np.append(number + 1, np.zeros(width, np.int64))[alive + width]  # 0: after the end
        order = np.lexsort((second, number[alive]))
        alive, second = alive[order], second[order]
        half, place = number[alive], np.arange(len(alive))
        another_half = np.diff(half, prepend=-1) != 0
        another = another_half | (np.diff(second, prepend=-1) != 0)
        # A piece goes up by how many with the same first half come before it.
        begins = [np.maximum.accumulate(np.where(new, place, 0)) for new in (another, another_half)]
        number[alive] = half + begins[0] - begins[1]
        width *= 2


def covering(lengths: np.ndarray) -> np.ndarray:
    """For each place the longest of the runs that it lies in, from what `shared` returns: (n,)."""
    longest = np.zeros_like(lengths)
    ends = np.arange(len(lengths)) + lengths
    begins = np.flatnonzero(np.diff(ends, prepend=-1) > 0)  # runs that do not lie within another
    for start in begins.tolist():
        here = slice(start, start + lengths[start])
        np.maximum(longest[here], lengths[start], out=longest[here])
    return longest


def longest_run(text: str, training: str) -> str:
    """The longest piece of `text` that `training` has, too: the first where several are."""
    if not text:
        return ""
    lengths = shared(text, training)
    start = int(lengths.argmax())
    return text[start : start + int(lengths[start])]
