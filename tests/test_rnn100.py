import ast
import itertools
import subprocess
import sys
from pathlib import Path

import nbformat
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minichar import rnn100

FILE = Path(rnn100.__file__)
NAMES = FILE.parent.parent / "datasets" / "names.txt"


def min_char_rnn(Wxh, Whh, Why, bh, by, inputs, targets, h):
    """The same loss and gradients written the other way: column vectors, one-hot inputs, one step
    at a time, as the conventions of min-char-rnn say. Weights transposed against rnn100's."""
    V = len(by)
    loss, hs, ps, xs = 0.0, [h], [], []
    for i, target in zip(inputs, targets, strict=True):
        x = np.zeros((V, 1))
        x[i] = 1
        hs.append(np.tanh(Wxh @ x + Whh @ hs[-1] + bh))
        y = Why @ hs[-1] + by
        p = np.exp(y) / np.exp(y).sum()
        loss -= np.log(p[target, 0])
        xs.append(x)
        ps.append(p)
    g = [np.zeros_like(W) for W in (Wxh, Whh, Why, bh, by)]
    later = np.zeros_like(h)
    for t in range(len(inputs) - 1, -1, -1):
        dy = ps[t].copy()
        dy[targets[t]] -= 1
        raw = (1 - hs[t + 1] ** 2) * (Why.T @ dy + later)
        for total, part in zip(
            g, (raw @ xs[t].T, raw @ hs[t].T, dy @ hs[t + 1].T, raw, dy), strict=True
        ):
            total += part
        later = Whh.T @ raw
    return loss, g, hs[-1]


@given(st.integers(2, 7), st.integers(1, 6), st.integers(1, 12), st.integers(0, 2**32 - 1))
def test_equals_min_char_rnn_in_loss_gradients_and_state(V, H, T, seed):
    rng = np.random.default_rng(seed)
    W = {k: w + rng.standard_normal(w.shape) for k, w in rnn100.init(V, H, rng).items()}
    inputs, targets, h = rng.integers(V, size=T), rng.integers(V, size=T), rng.standard_normal(H)
    loss, hs, p = rnn100.forward(W, inputs, targets, h)
    dW = rnn100.backward(W, inputs, targets, hs, p)
    expected_loss, expected, last = min_char_rnn(
        W["Wxh"].T,
        W["Whh"].T,
        W["Why"].T,
        W["bh"][:, None],
        W["by"][:, None],
        inputs,
        targets,
        h[:, None],
    )
    close = {"rtol": 1e-9, "atol": 1e-12}
    np.testing.assert_allclose(loss, expected_loss, **close)
    np.testing.assert_allclose(hs[-1], last[:, 0], **close)
    for name, g in zip(("Wxh", "Whh", "Why"), expected, strict=False):
        np.testing.assert_allclose(dW[name], g.T, **close)
    for name, g in zip(("bh", "by"), expected[3:], strict=True):
        np.testing.assert_allclose(dW[name], g[:, 0], **close)


def test_gradients_equal_finite_differences():
    rng = np.random.default_rng(1)
    W = {k: w + 0.3 * rng.standard_normal(w.shape) for k, w in rnn100.init(5, 4, rng).items()}
    inputs, targets, h = rng.integers(5, size=9), rng.integers(5, size=9), rng.standard_normal(4)
    _, hs, p = rnn100.forward(W, inputs, targets, h)
    dW = rnn100.backward(W, inputs, targets, hs, p)
    for name, w in W.items():
        direction = rng.standard_normal(w.shape)
        up, down = ({**W, name: w + e * direction} for e in (1e-5, -1e-5))
        slope = (
            rnn100.forward(up, inputs, targets, h)[0] - rnn100.forward(down, inputs, targets, h)[0]
        ) / 2e-5
        assert (dW[name] * direction).sum() == pytest.approx(slope, rel=1e-7)


def test_adagrad_clips_before_it_remembers():
    W, memory = {"w": np.array([1.0, 1.0])}, {"w": np.array([0.0, 9.0])}
    rnn100.adagrad(W, {"w": np.array([-100.0, 4.0])}, memory, rate=0.1)
    np.testing.assert_allclose(memory["w"], [25, 25])
    np.testing.assert_allclose(
        W["w"], [1 + 0.1 * 5 / np.sqrt(25 + 1e-8), 1 - 0.1 * 4 / np.sqrt(25 + 1e-8)]
    )


def test_init_draws_small_weights_in_the_order_of_the_original():
    W = rnn100.init(3, 2, np.random.default_rng(7))
    rng = np.random.default_rng(7)
    for name, shape in (("Wxh", (3, 2)), ("Whh", (2, 2)), ("Why", (2, 3))):
        np.testing.assert_array_equal(W[name], 0.01 * rng.standard_normal(shape))
    assert not W["bh"].any() and not W["by"].any()


def test_scores_of_a_thousand_do_not_overflow():
    np.testing.assert_allclose(rnn100.softmax(np.array([1000.0, 1000.0, -1000.0])), [0.5, 0.5, 0])


def test_training_starts_at_a_guess_among_all_and_learns():
    ids = np.array([0, 1, 2, 3] * 30)
    run = rnn100.train(ids, V=4, H=12, T=8)
    _, first, _ = next(run)
    assert first == pytest.approx(8 * np.log(4), rel=1e-3)
    n, _, W = next(itertools.islice(run, 298, None))
    assert n == 300
    loss, _, _ = rnn100.forward(W, ids[:40], ids[1:41], np.zeros(12))
    assert loss / 40 < 0.25 * np.log(4)


def test_the_state_is_carried_on_and_emptied_at_the_beginning_of_the_text(monkeypatch):
    seen = []
    forward = rnn100.forward

    def spy(W, inputs, targets, h):
        seen.append((inputs.tolist(), targets.tolist(), h.any()))
        return forward(W, inputs, targets, h)

    monkeypatch.setattr(rnn100, "forward", spy)
    run = rnn100.train(np.arange(10), V=10, H=3, T=4)
    for _ in range(3):
        next(run)
    assert [s[0] for s in seen] == [[0, 1, 2, 3], [4, 5, 6, 7], [0, 1, 2, 3]]
    assert [s[1] for s in seen] == [[1, 2, 3, 4], [5, 6, 7, 8], [1, 2, 3, 4]]
    assert [bool(s[2]) for s in seen] == [False, True, False]


def test_a_text_shorter_than_a_step_is_no_trouble():
    n, loss, _ = next(rnn100.train(np.array([0, 1, 2]), V=3, H=4, T=25))
    assert n == 1 and loss == pytest.approx(2 * np.log(3), rel=1e-2)


def test_it_is_a_hundred_lines_and_needs_numpy_alone():
    source = FILE.read_text()
    assert source.count("\n") <= 100 and max(map(len, source.splitlines())) <= 100
    imported = {
        name.name.split(".")[0]
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in getattr(node, "names", [])
    }
    assert imported - set(sys.stdlib_module_names) == {"numpy"}


def test_it_is_the_program_that_lesson_03_arrives_at():
    for folder in ("solutions", "notebooks"):
        lesson = nbformat.read(FILE.parent.parent / folder / "03_the_100_line_rnn.ipynb", 4)
        (cell,) = (c for c in lesson.cells if c.cell_type == "code" and "def train(" in c.source)
        assert cell.source + "\n" == FILE.read_text(encoding="utf-8")


def test_it_runs_alone_on_a_text_file(tmp_path):
    alone = tmp_path / "rnn100.py"
    alone.write_bytes(FILE.read_bytes())
    run = subprocess.Popen(
        [sys.executable, "-u", "-I", alone, NAMES], stdout=subprocess.PIPE, text=True, cwd=tmp_path
    )
    try:
        step, bits = run.stdout.readline().split(", ")
        assert step == "--- step 1000" and bits.endswith(" bits per character\n")
        assert 2 < float(bits.split()[0]) < np.log2(27)
    finally:
        run.kill()
        run.communicate()
    refused = subprocess.run([sys.executable, alone], capture_output=True, text=True)
    assert refused.returncode == 1 and "Which text?" in refused.stderr
