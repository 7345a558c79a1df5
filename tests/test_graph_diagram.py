"""The drawings of graphs: what they say, what they show, and that they keep their hands off."""

import re

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.axes import Axes
from pictures import NASTY, image, pixels_of

from minichar import draw, graph_diagram
from minichar.graph import Tensor, cross_entropy
from minichar.scalar import Scalar, topological_order


def example():
    x = Scalar(3.0)
    y = x + 1
    z = y * y
    o = z * y
    return {"x": x, "y": y, "z": z, "o": o}


def test_draw_says_every_node_with_value_and_gradient():
    named = example()
    picture = graph_diagram.draw(named["o"], "Forward", **named)
    parts = ("a number is 1", "x is 3", "y = + of x and 1 is 4", "z = * of y and y is 16")
    assert repr(picture) == (
        f"Forward: a graph of 5 nodes: {'; '.join(parts)}; o = * of z and y is 64"
    )
    named["o"].backward()
    said = graph_diagram.draw(named["o"], **named).description
    assert "y = + of x and 1 is 4, gradient 48" in said and "o = * of z and y is 64, grad" in said


def test_steps_back_tells_the_way_of_48():
    named = example()
    pictures = graph_diagram.steps_back(named["o"], **named)
    assert [p.description for p in pictures] == [
        "Before the first step: o has gradient 1. The graph: a number is 1; x is 3; y = + of x and "
        "1 is 4; z = * of y and y is 16; o = * of z and y is 64",
        "o sends 4 to z and 16 to y. Gradients now: o 1, z 4, y 16 so far",
        "z sends 16 to y and 16 to y. Gradients now: o 1, z 4, y 48",
        "y sends 48 to x and 48 to 1. Gradients now: o 1, z 4, y 48, x 48, 1 48",
    ]
    assert all(node.grad == 0 for node in named.values())


def test_what_is_not_complete_is_marked_and_coloured(written):
    named = example()
    pictures = graph_diagram.steps_back(named["o"], **named)
    assert "grad 16 …" in written and "grad 48" in written and "grad 48 …" not in written
    begun = [pixels_of(p, graph_diagram.BEGUN) > 1000 for p in pictures]
    assert begun == [False, True, False, False]
    done = [pixels_of(p, graph_diagram.COMPLETE) for p in pictures]
    assert 1000 < done[0] < done[1] < done[2] < done[3]
    sends = [pixels_of(p, draw.RED) > 200 for p in pictures]
    assert sends == [False, True, True, True]


def test_words_are_as_large_as_their_boxes_allow(monkeypatch):
    drawn, text = [], Axes.text

    def kept(*at, **how):
        drawn.append(text(*at, **how))
        return drawn[-1]

    monkeypatch.setattr(Axes, "text", kept)
    W, loss = network()
    graph_diagram.steps_back(loss, **W, loss=loss)
    inside = [t for t in drawn if t.get_horizontalalignment() == "center"]
    assert all(t.get_window_extent().width < graph_diagram.WIDTH * t.figure.dpi for t in inside)
    assert all(t.get_fontsize() == 11 for t in inside if len(t.get_text()) < 10)


def test_all_pictures_of_a_film_have_one_size():
    named = example()
    pictures = graph_diagram.steps_back(named["o"], **named)
    assert len({image(p).shape for p in pictures}) == 1


def network():
    rng = np.random.default_rng(0)
    W = {
        name: Tensor(rng.standard_normal(shape), True)
        for name, shape in {"Wxh": (5, 3), "Whh": (3, 3), "Why": (3, 5), "bh": (3,)}.items()
    }
    h = Tensor(np.zeros((1, 3)))
    for i in (0, 1):
        h = (W["Wxh"][i] + h @ W["Whh"] + W["bh"]).tanh()
    return W, cross_entropy(h @ W["Why"], np.array([2]))


def test_arrays_are_shown_by_shape_and_size(written):
    W, loss = network()
    loss.backward(keep=True)
    said = graph_diagram.draw(loss, **W, loss=loss).description
    assert "Whh is (3, 3), gradient ≤ " in said and "an array is (1, 3);" in said
    assert "(5, 3)" in written
    size = f"grad ≤ {np.abs(W['bh'].grad).max():.2g}"
    assert size in written


def test_the_last_picture_has_the_gradients_of_backward():
    W, loss = network()
    pictures = graph_diagram.steps_back(loss, **W, loss=loss)
    assert all(w.grad is None for w in W.values())
    loss.backward()
    said = pictures[-1].description
    for name, w in W.items():
        assert f"{name} ≤ {np.abs(w.grad).max():.2g}" in said
    assert "so far" not in said
    middle = " ".join(p.description for p in pictures[1:-1])
    assert re.search(r"bh ≤ \S+ so far", middle)


def test_a_constant_gets_no_gradient(written):
    x = Tensor(2.0, True)
    o = x * 3.0
    assert "sends 3 to x. Grad" in graph_diagram.steps_back(o, x=x, o=o)[-1].description
    after = written[written.index("o sends 3 to x") :]
    assert after == ["o sends 3 to x", "3", "3", "x", "2", "grad 3", "o = *", "6", "grad 1"]


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=12))
@settings(max_examples=15)
def test_any_graph_can_be_drawn(recipe):
    made = [Scalar(0.5), Scalar(-1.0)]
    for i, j in recipe:
        made.append(made[i % len(made)] * made[j % len(made)])
    pictures = graph_diagram.steps_back(made[-1])
    assert len(pictures) == 1 + sum(bool(node.inputs) for node in topological_order(made[-1]))


def test_names_are_not_taken_for_formulas_or_html():
    x = Scalar(2.0)
    o = x * x
    picture = graph_diagram.draw(o, **{NASTY: x, "$a$": o})
    assert NASTY in picture.description and NASTY not in picture.html


def test_a_number_alone():
    x = Scalar(2.0)
    assert graph_diagram.draw(x, x=x).description == "A graph of 1 node: x is 2"
    [only] = graph_diagram.steps_back(x, x=x)
    assert only.description == "Before the first step: x has gradient 1. The graph: x is 2"
