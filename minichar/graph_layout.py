"""Where the nodes of a graph stand in a drawing, and which way its arrows take between them.

The nodes stand in columns, what is made right of what it is made of, and each column in such an
order that few arrows cross: the layers of Sugiyama, Tagawa and Toda, "Methods for Visual
Understanding of Hierarchical System Structures" (1981). Used by graph_diagram.py, in lesson 07.

    >>> from minichar.scalar import Scalar
    >>> x = Scalar(3.0)
    >>> layout = Layout(x * x + 1)
    >>> [layout.columns[node] for node in layout.order]  # 1, x, x * x and the sum
    [1, 0, 1, 2]
"""

from itertools import pairwise
from typing import Any

import numpy as np

from minichar.scalar import topological_order

ACROSS, DOWN = 1.42, 1.0  # from column to column and from row to row, in inches
WIDTH, HEIGHT = 1.0, 0.7  # of a node


class Layout:
    """The places of everything that `result`, a Scalar or a Tensor, was made of.

    `order` are the nodes, inputs first; an arrow (user, source, k) of `arrows` says that `source`
    is input number k of `user`. Columns count from the left, rows up and down from the middle;
    `place` and `way` give inches.
    """

    def __init__(self, result: Any):
        self.order = topological_order(result)
        self.arrows = [(user, s, k) for user in self.order for k, s in enumerate(user.inputs)]
        self.columns = self._columns()
        self.bends = self._bends()
        self.rows = self._rows()
        self.leaves = self._leaves()

    @property
    def size(self) -> tuple[float, float]:
        """How wide and how high all the nodes together are, with the gaps around them."""
        across, high = max(self.columns.values()) + 1, max(self.rows.values()) * 2 + 1
        return ACROSS * across, DOWN * high

    def place(self, place: Any) -> tuple[float, float]:
        """The middle (x, y) of a node or of a bend; (0, 0) is the middle of the first column."""
        return ACROSS * self.columns[place], DOWN * self.rows[place]

    def way(self, arrow: tuple) -> list[tuple[float, float]]:
        """An arrow's points: its source's right side, its bends, its port on its user's left."""
        user, source, _ = arrow
        (x, y), (end_x, end_y) = self.place(source), self.place(user)
        first, last = x + WIDTH / 2, end_x - WIDTH / 2
        bends = map(self.place, self.bends[arrow])
        return [(first, y + self.leaves[arrow]), *bends, (last, end_y + self._port(arrow))]

    def _columns(self) -> dict[Any, int]:
        """A node stands right of its inputs; one without any, just left of its first use."""
        columns = {}
        for node in self.order:
            columns[node] = 1 + max((columns[s] for s in node.inputs), default=-1)
        for node in self.order:
            users = [columns[user] for user, source, _ in self.arrows if source is node]
            if not node.inputs and users:
                columns[node] = min(users) - 1
        return columns

    def _bends(self) -> dict[tuple, list[tuple]]:
        """Where each long arrow passes between nodes: a place in every column on its way."""
        bends = {}
        for arrow in self.arrows:
            user, source, _ = arrow
            between = range(self.columns[source] + 1, self.columns[user])
            bends[arrow] = [(arrow, column) for column in between]
        self.columns |= {bend: bend[1] for passed in bends.values() for bend in passed}
        return bends

    def _rows(self) -> dict[Any, float]:
        """A height for every node and every bend.

        Each column is put in the order of the mean height of its neighbours, now on its left, now
        on its right.
        """
        filled = [[] for _ in range(max(self.columns.values()) + 1)]
        for place, column in self.columns.items():
            filled[column].append(place)
        rows, (before, after) = {}, self._neighbours()

        def spread(places):
            for k, place in enumerate(places):
                rows[place] = (len(places) - 1) / 2 - k

        for places in filled:
            spread(places)
        for beside, columns in [(before, filled), (after, filled[::-1])] * 4:
            for places in columns:
                aims = {
                    place: np.mean([rows[q] + port for q, port in beside.get(place, [(place, 0)])])
                    for place in places
                }
                places.sort(key=aims.get, reverse=True)
                spread(places)
        return rows

    def _neighbours(self) -> tuple[dict[Any, list], dict[Any, list]]:
        """The neighbours of each place on the left and on the right: (place, how far above it)."""
        before, after = {}, {}
        for arrow in self.arrows:
            user, source, _ = arrow
            for a, b in pairwise([source, *self.bends[arrow], user]):
                before.setdefault(b, []).append((a, 0))
                after.setdefault(a, []).append((b, self._port(arrow)))
        return before, after

    def _port(self, arrow: tuple) -> float:
        """How far above a node's middle an arrow comes in: the first input on top."""
        user, _, k = arrow
        n = len(user.inputs)
        return 0.34 * ((n - 1) / 2 - k) / max(1, n - 1)

    def _leaves(self) -> dict[tuple, float]:
        """How far above its source's middle each arrow begins: no two in one place."""
        leaves = {}
        for node in self.order:
            out = [arrow for arrow in self.arrows if arrow[1] is node]
            out.sort(key=lambda a: -(self.rows[[*self.bends[a], a[0]][0]] + self._port(a)))
            gap = min(0.15, 0.5 / max(1, len(out) - 1))
            leaves |= {arrow: gap * ((len(out) - 1) / 2 - k) for k, arrow in enumerate(out)}
        return leaves
