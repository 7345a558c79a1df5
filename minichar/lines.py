"""One line at a time: each line of a text with a start and an end of its own.

The demo of recurrentjs learns in this way. A line end stands for both: it is read before a line's
first character, and has to be predicted after its last; and the state begins at zero for every
line, so that nothing of the line before is known. A batch holds lines of one length, so none needs
padding. Used by training.py in place of `text.streams`, with lines=True.

    >>> ids = np.array([1, 2, 0, 3, 4, 0])  # two lines; 0 is the line end
    >>> inputs, targets = by_line(ids, 0, batch=2)
    >>> sorted(inputs[0:9].T.tolist()), sorted(targets[0:9].T.tolist())
    ([[0, 1, 2], [0, 3, 4]], [[1, 2, 0], [3, 4, 0]])
"""

from collections.abc import Sequence

import numpy as np

from minichar.text import Vocabulary


class Blocks:
    """Arrays (T, b) one below the other, each of its own length and width, read by slices of rows.

    `starts` are the rows where an array begins, and at the end the number of rows in all. A slice
    stops where the array that it begins in ends: it never spans two. Raises IndexError for a row
    that there is not.
    """

    def __init__(self, arrays: Sequence[np.ndarray]):
        self.arrays, self.starts = arrays, np.cumsum([0, *map(len, arrays)])

    def __len__(self) -> int:
        return int(self.starts[-1])

    def __getitem__(self, rows: slice) -> np.ndarray:
        if not 0 <= rows.start < len(self):
            raise IndexError(f"row {rows.start} of {len(self)}")
        k = int(self.starts.searchsorted(rows.start, side="right")) - 1
        return self.arrays[k][rows.start - self.starts[k] : rows.stop - self.starts[k]]


def line_end(vocab: Vocabulary) -> int:
    """The number of the line end. Raises ValueError for a vocabulary without one."""
    if "\n" not in vocab.characters:
        raise ValueError("no line end is among its characters: lines cannot be told apart")
    return int(vocab.encode("\n")[0])


def by_line(ids: np.ndarray, end: int, batch: int) -> tuple[Blocks, Blocks]:
    """The lines of a text: inputs and targets, in which each column of each block is one line.

    `ids` (N,) is the text, `end` the number of the line end. A block has up to `batch` lines of one
    length; if there are more, they are shared out evenly, so that no line counts much more than
    another. Empty lines are left out. Lines and blocks are shuffled, the same way each time.

    Raises ValueError for a text without a line, as of line ends alone.
    """
    ids, rng = np.concatenate([[end], ids, [end]]).astype(np.int32), np.random.default_rng(0)
    ends = np.flatnonzero(ids == end)
    starts, lengths, blocks = ends[:-1], np.diff(ends) - 1, []
    for length in np.unique(lengths[lengths > 0]):
        here = rng.permutation(starts[lengths == length])
        for part in np.array_split(here, -(-len(here) // batch)):
            blocks.append(ids[part + np.arange(length + 2)[:, None]])  # (length + 2, b)
    if not blocks:
        raise ValueError("there is no line to learn from: all of them are empty")
    blocks = [blocks[k] for k in rng.permutation(len(blocks))]
    return Blocks([block[:-1] for block in blocks]), Blocks([block[1:] for block in blocks])


def between_lines(text: str, cut: int) -> int:
    """The last place up to `cut` where one line ends and another begins: so lines stay whole.

    Raises ValueError when there is no line before it, or none after it.
    """
    cut = text.rfind("\n", 0, cut) + 1
    if not text[:cut].strip("\n") or not text[cut:].strip("\n"):
        raise ValueError(
            "too few lines: at least two are needed, one to learn from and one to be judged by"
        )
    return cut
