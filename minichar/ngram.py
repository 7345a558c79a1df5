"""Counting: how far you get without a network. The baseline beside every model of the course.

To guess the next character, look up what followed the last few characters before; the more counts
there are, the more you trust them. For the rest, ask the same question with one character less.
That is Witten-Bell smoothing; no character of the vocabulary ever gets probability zero. Built in
lesson 02, where the counts are dictionaries; here they are sorted arrays, for speed.

    >>> from minichar.text import Vocabulary
    >>> model = NGram("hello hello", order=2)
    >>> p = model.probabilities("he")
    >>> model.vocab.characters[p.argmax()], round(float(p.max()), 3)
    ('l', 0.924)
"""

import numpy as np

from minichar.text import Vocabulary, whole_numbers


class NGram:
    """An n-gram model that looks back `order` characters (0: it only knows how often each occurs).

    With n(h) the times that the context h was followed by anything, n(h c) by c, and t(h) the
    number of different characters that followed it,

        p(c | h) = (n(h c) + t(h) p(c | h')) / (n(h) + t(h))

    where h' is h without its first character, and at the very end p is 1/V for each of V
    characters. Source: Witten and Bell, "The zero-frequency problem", IEEE Transactions on
    Information Theory 37 (1991), method C, in the recursive form of Chen and Goodman, "An
    empirical study of smoothing techniques for language modeling", Harvard TR-10-98, 1998.

    Counting a text of N characters takes some 80 N bytes of memory for a moment; what stays is 20
    bytes or less for each different piece of up to order + 1 characters.
    """

    def __init__(self, text: str, order: int = 5, vocab: Vocabulary | None = None):
        """Count `text`. `vocab` may name more characters than occur in it (those held out, say).

        Raises ValueError for an order below 0, a text of fewer than two characters, or a character
        of the text that `vocab` lacks.
        """
        if order < 0:
            raise ValueError(f"order={order}: a model cannot look back fewer than 0 characters.")
        self.vocab = vocab or Vocabulary.of(text)
        self.order = order
        ids = self.vocab.encode(text)
        if len(ids) < 2:
            raise ValueError(f"{text!r} is too short to count: it needs at least two characters.")
        # Pieces of 1, 2, … order + 1 characters. A piece is (number of its first k, its last
        # character) packed in one key; its own number is the place of its key among the sorted
        # `keys[k]`. So a piece is found by one look-up a character, and all that follow one
        # context stand together.
        self.keys, self.counts = [], []  # for each k: (pieces,) int64, (pieces,) int32
        # Of each context of k characters: n(h) and t(h), (contexts,).
        self.times, self.different = [], []
        piece, contexts, V = np.zeros(len(ids), np.int64), 1, len(self.vocab)
        for k in range(min(order, len(ids) - 1) + 1):
            keys, piece, counts = np.unique(
                piece[: len(ids) - k].astype(np.int64, copy=False) * V + ids[k:],
                return_inverse=True,
                return_counts=True,
            )
            context = (keys // V).astype(np.intp, copy=False)  # as bincount counts
            self.keys.append(keys)
            self.counts.append(counts.astype(np.int32))
            self.times.append(np.bincount(context, counts, contexts).astype(np.int32))
            self.different.append(np.bincount(context, minlength=contexts).astype(np.int32))
            contexts = len(keys)
            del context  # before the next, longer one is made

    def probabilities(self, context: str = "") -> np.ndarray:
        """p of each character of the vocabulary after `context`: float64 (V,), its sum is 1.

        Raises ValueError for a character that the vocabulary lacks.
        """
        return self._after(self.vocab.encode(context)[-self.order :] if self.order else ())

    def step(
        self, i: int, state: tuple[int, ...] | None = None
    ) -> tuple[np.ndarray, tuple[int, ...]]:
        """Read character number `i`; return log p of the next, (V,) in nats, and the new state.

        The state is the last `order` characters, as numbers; None stands for the beginning of a
        text. Raises ValueError for what is not the number of a character.
        """
        i = int(whole_numbers("step", i, len(self.vocab)))
        state = (*(state or ()), i)[-self.order :] if self.order else ()
        return np.log(self._after(state)), state

    def _after(self, context) -> np.ndarray:
        """p (V,) after these numbers of characters, from the shortest context to the longest."""
        V = len(self.vocab)
        p = np.full(V, 1 / V)
        for k in range(min(len(context) + 1, len(self.keys))):
            h = self._number(context[len(context) - k :])
            if h is None or not self.times[k][h]:
                break  # nothing was ever seen after it; nor, then, after any longer context
            start = np.searchsorted(self.keys[k], h * V)
            here = slice(start, start + self.different[k][h])
            p *= self.different[k][h]
            p[self.keys[k][here] % V] += self.counts[k][here]
            p /= self.times[k][h] + self.different[k][h]
        return p

    def _number(self, piece) -> int | None:
        """The place of this piece among those of its length; None for one that never occurred."""
        number = 0
        for keys, i in zip(self.keys, piece, strict=False):
            key = number * len(self.vocab) + int(i)
            number = int(np.searchsorted(keys, key))
            if number == len(keys) or keys[number] != key:
                return None
        return number

    def bits(self, text: str, order: int | None = None) -> np.ndarray:
        """-log2 p of each character of `text` after those before it, in bits, shape (len(text),).

        The mean is the bits per character. The first characters have fewer before them to go by.
        `order` looks back less far than the model can: one fit gives the whole curve. Raises
        ValueError for an order that it cannot, and for a character that the vocabulary lacks.
        """
        order = self.order if order is None else order
        if not 0 <= order <= self.order:
            raise ValueError(f"this model looks back 0 to {self.order} characters, not {order}.")
        ids, V = self.vocab.encode(text), len(self.vocab)
        p = np.full(len(ids), 1 / V)
        context = np.zeros(len(ids), np.int64)  # the number of each context; -1: never seen
        for k in range(min(order + 1, len(self.keys), len(ids))):
            context = context[: len(ids) - k]  # at place s: the k characters from s on
            seen = context >= 0
            key = context * V + ids[k:]
            piece = np.minimum(np.searchsorted(self.keys[k], key), len(self.keys[k]) - 1)
            found = seen & (self.keys[k][piece] == key)
            n = np.where(seen, self.times[k][context], 0)  # n(h)
            t = np.where(n > 0, self.different[k][context], 1)  # t(h); if n = 0, p stays
            p[k:] = (np.where(found, self.counts[k][piece], 0) + t * p[k:]) / (n + t)
            context = np.where(found, piece, -1)
        return -np.log2(p)
