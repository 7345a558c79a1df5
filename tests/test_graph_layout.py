"""Where the nodes of a graph stand: apart, right of their inputs, with few arrows crossing."""

from itertools import combinations, pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minichar.graph import Tensor
from minichar.graph_layout import DOWN, HEIGHT, WIDTH, Layout
from minichar.scalar import Scalar

RECIPES = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=12)


def made(recipe):
    numbers = [Scalar(0.5), Scalar(-1.0)]
    for i, j in recipe:
        numbers.append(numbers[i % len(numbers)] * numbers[j % len(numbers)])
    return Layout(numbers[-1])


@given(RECIPES)
@settings(max_examples=50)
def test_no_two_things_stand_in_one_place(recipe):
    layout = made(recipe)
    things = [*layout.order, *(bend for bends in layout.bends.values() for bend in bends)]
    places = [layout.place(thing) for thing in things]
    assert len(set(places)) == len(places)
    columns = {x for x, _ in places}
    for column in columns:  # and nothing overlaps
        heights = sorted(y for x, y in places if x == column)
        assert all(b - a >= DOWN > HEIGHT for a, b in pairwise(heights))
    wide, high = layout.size
    assert max(columns) - min(columns) + WIDTH < wide
    assert all(abs(y) + HEIGHT / 2 < high / 2 for _, y in places)


@given(RECIPES)
@settings(max_examples=50)
def test_every_arrow_goes_to_the_right_from_a_place_and_to_a_place_of_its_own(recipe):
    layout = made(recipe)
    ways = [layout.way(arrow) for arrow in layout.arrows]
    for (user, source, _), way in zip(layout.arrows, ways, strict=True):
        assert all(a[0] < b[0] for a, b in pairwise(way))
        (x, y), (end_x, end_y) = layout.place(source), layout.place(user)
        assert way[0][0] == pytest.approx(x + WIDTH / 2) and abs(way[0][1] - y) < HEIGHT / 2
        assert way[-1][0] == pytest.approx(end_x - WIDTH / 2)
        assert abs(way[-1][1] - end_y) < HEIGHT / 2
    for end in (0, -1):
        ends = [way[end] for way in ways]
        assert len(set(ends)) == len(ends)


@given(RECIPES)
@settings(max_examples=50)
def test_arrows_out_of_one_node_begin_in_the_order_in_which_they_go_on(recipe):
    layout = made(recipe)
    for a, b in combinations(layout.arrows, 2):
        one, other = layout.way(a), layout.way(b)
        if a[1] is b[1] and one[1][0] == other[1][0]:
            assert (one[0][1] - other[0][1]) * (one[1][1] - other[1][1]) > 0


def test_the_first_input_comes_in_on_top():
    x, y = Scalar(3.0), Scalar(2.0)
    layout = Layout(x * y)
    ends = {layout.arrows[i][1]: layout.way(layout.arrows[i])[-1][1] for i in (0, 1)}
    assert ends[x] > 0 > ends[y]


def test_what_is_put_in_stands_just_left_of_its_first_use():
    x, y = Tensor(np.zeros(3), True), Tensor(np.zeros(3), True)
    late = (x.tanh().tanh() + y).exp() * y
    layout = Layout(late)
    assert layout.columns[x] == 0 and layout.columns[y] == 2 and layout.columns[late] == 5
    assert sum(map(len, layout.bends.values())) == 2  # from y, past the sum and exp


def test_arrows_that_need_not_cross_do_not():
    inputs = [Scalar(float(k)) for k in range(4)]
    outer, inner = inputs[0] * inputs[3], inputs[1] * inputs[2]
    layout = Layout(outer + inner)
    ways = [layout.way(arrow) for arrow in layout.arrows]
    between = [way for way in ways if way[0][0] < ways[-1][0][0]]
    for a, b in combinations(between, 2):
        assert (a[0][1] - b[0][1]) * (a[-1][1] - b[-1][1]) > 0
