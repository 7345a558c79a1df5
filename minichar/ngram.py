"""Counting: how far you get without a network. The baseline beside every model of the course.

To guess the next character, look up what followed the last few characters before; the more counts
there are, the more you trust them. For the rest, ask the same question with one character less. How
much the rest is, a rule says: Witten-Bell, or Kneser-Ney, which is better and asks more. With
either, no character of the vocabulary ever gets probability zero. Built in lesson 02, where the
counts are dictionaries; here they are sorted arrays, for speed.

    >>> from minichar.text import Vocabulary
    >>> model = NGram("hello hello", order=2)
    >>> p = model.probabilities("he")
    >>> model.vocab.characters[p.argmax()], round(float(p.max()), 3)
    ('l', 0.924)
"""

from typing import NamedTuple

import numpy as np

from minichar.text import Vocabulary, whole_numbers


class Counts(NamedTuple):
    """What followed each context of one length, as a rule wants it.

    After the context h, a character c that was counted has (left + given p) / whole, one that was
    not given p / whole, where p is what the shorter context says.
    """

    left: np.ndarray  # (pieces,): what stays of the count of h c
    given: np.ndarray  # (contexts,): how much the shorter context has to say
    whole: np.ndarray  # (contexts,): both together, of all characters; 0 where nothing followed


def witten_bell(counts: np.ndarray, context: np.ndarray, contexts: int) -> Counts:
    """The count stays as it is, and the shorter context gets one for each different follower.

    `counts` (pieces,) is how often each piece came, `context` (pieces,) the number of its context.
    """
    given = np.bincount(context, minlength=contexts)
    whole = given + np.bincount(context, counts, contexts)
    return Counts(counts.astype(np.int32), given.astype(np.int32), whole.astype(np.int32))


def kneser_ney(counts: np.ndarray, context: np.ndarray, contexts: int) -> Counts:
    """From each count something is taken, and that is for the shorter context.

    How much, from 1, from 2, and from 3 or more, follows from how many pieces came 1 to 4 times;
    one is added to each of these four, as a short text may have none. It is at least 0.1: else a
    character that was not counted might get nothing.
    """
    n = np.bincount(np.minimum(counts, 5), minlength=6)[1:5] + 1
    share = n[0] / (n[0] + 2 * n[1])
    take = [max(0.1, k - (k + 1) * share * n[k] / n[k - 1]) for k in (1, 2, 3)]
    taken = np.array([0, *take])[np.minimum(counts, 3)]
    whole = np.bincount(context, counts, contexts)
    given = np.bincount(context, taken, contexts)
    return Counts(counts - taken, given, whole.astype(np.int32))


RULES = {"witten-bell": witten_bell, "kneser-ney": kneser_ney}


class NGram:
    """An n-gram model that looks back `order` characters (0: it only knows how often each occurs).

    With n(h c) the times that c followed the context h, n(h) the times that anything did, and t(h)
    the number of different characters that did, Witten-Bell is

        p(c | h) = (n(h c) + t(h) p(c | h')) / (n(h) + t(h))

    where h' is h without its first character, and at the very end p is 1/V for each of V
    characters. Source: Witten and Bell, "The zero-frequency problem", IEEE Transactions on
    Information Theory 37 (1991), method C, in the recursive form of Chen and Goodman, "An
    empirical study of smoothing techniques for language modeling", Harvard TR-10-98, 1998.

    Kneser-Ney, in the form that is best there ("modified", interpolated), takes d from each count:

        p(c | h) = (n(h c) - d(n(h c)) + D(h) p(c | h')) / n(h),    D(h) the sum of what was taken

    and in the shorter contexts n(h c) is not how often c followed h, but how many different
    characters stood before h c. Source: Kneser and Ney, "Improved backing-off for m-gram language
    modeling", ICASSP 1995.

    What stays is at most 20 bytes, with Kneser-Ney 48, for each different piece of up to order + 1
    characters. Counting a text of N characters takes some 80 N bytes more, for a moment.
    """

    def __init__(
        self,
        text: str,
        order: int = 5,
        vocab: Vocabulary | None = None,
        rule: str = "witten-bell",
    ):
        """Count `text`. `vocab` may name more characters than occur in it (those held out, say).

        Raises ValueError for an order below 0, another rule, a text of fewer than two characters,
        or a character of the text that `vocab` lacks.
        """
        if order < 0:
            raise ValueError(f"order={order}: a model cannot look back fewer than 0 characters.")
        if rule not in RULES:
            raise ValueError(f"rule={rule!r}: it must be one of {', '.join(RULES)}.")
        self.vocab = vocab or Vocabulary.of(text)
        self.order, self.rule = order, rule
        ids = self.vocab.encode(text)
        if len(ids) < 2:
            raise ValueError(f"{text!r} is too short to count: it needs at least two characters.")
        # Pieces of 1, 2, … order + 1 characters. A piece is (number of its first k, its last
        # character) packed in one key; its own number is the place of its key among the sorted
        # `keys[k]`. So a piece is found by one look-up a character, and all that follow one
        # context stand together.
        self.keys = []  # for each k: (pieces,) int64
        # For each k: if no longer context is used, and if one is.
        self.longest, self.shorter = [], []
        # pieces: at each place, the number of the k characters from there on.
        pieces, V = np.zeros(len(ids), np.int64), len(self.vocab)
        for k in range(min(order, len(ids) - 1) + 1):
            keys, first, longer, counts = np.unique(
                pieces[: len(ids) - k].astype(np.int64, copy=False) * V + ids[k:],
                return_index=True,
                return_inverse=True,
                return_counts=True,
            )
            if k and rule == "kneser-ney":
                # Before each piece of k: how many different characters, and the beginning as one.
                before = np.bincount(pieces[first + 1], minlength=len(self.keys[-1]))
                before[pieces[0]] += 1
                self.shorter.append(self._counted(before))
            del first  # before the next, longer one is made
            self.keys.append(keys)
            self.longest.append(self._counted(counts))
            pieces = longer
        if rule == "witten-bell":
            self.shorter = self.longest

    def _counted(self, counts: np.ndarray) -> Counts:
        """The counts of the pieces in the last of `keys`, as the rule wants them."""
        context = (self.keys[-1] // len(self.vocab)).astype(np.intp, copy=False)  # for bincount
        contexts = len(self.keys[-2]) if len(self.keys) > 1 else 1
        return RULES[self.rule](counts, context, contexts)

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
        last = min(len(context), len(self.keys) - 1)
        for k in range(last + 1):
            h, counts = self._number(context[len(context) - k :]), self._at(k, last)
            if h is None or not counts.whole[h]:
                break  # nothing was ever seen after it; nor, then, after any longer context
            here = slice(*np.searchsorted(self.keys[k], (h * V, h * V + V)))
            p *= counts.given[h]
            p[self.keys[k][here] % V] += counts.left[here]
            p /= counts.whole[h]
        return p

    def _at(self, k: int, last: int) -> Counts:
        """What followed contexts of k characters, if the longest that is used has `last`."""
        return self.longest[k] if k == last else self.shorter[k]

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
        last = min(order, len(self.keys) - 1)
        for k in range(min(last + 1, len(ids))):
            context = context[: len(ids) - k]  # at place s: the k characters from s on
            seen = context >= 0
            key = context * V + ids[k:]
            piece = np.minimum(np.searchsorted(self.keys[k], key), len(self.keys[k]) - 1)
            found = seen & (self.keys[k][piece] == key)
            counts = self._at(k, last)
            followed = seen & (counts.whole[context] > 0)  # else p stays: 0 + 1 p, by 1
            left = np.where(found, counts.left[piece], 0)
            given = np.where(followed, counts.given[context], 1)
            p[k:] = (left + given * p[k:]) / np.where(followed, counts.whole[context], 1)
            context = np.where(found, piece, -1)
        for place in range(min(last, len(ids))):  # these have fewer characters before them
            p[place] = self._after(ids[:place])[ids[place]]
        return -np.log2(p)

    def best_order(self, text: str) -> int:
        """How far back this model had best look for `text`: from 0 to `order`, the fewest bits."""
        return min(range(self.order + 1), key=lambda order: self.bits(text, order).sum())
