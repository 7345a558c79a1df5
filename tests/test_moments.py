"""Statistics block by block: the same as over all rows at once, done slowly."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minichar.moments import Moments, best_ridges


def in_blocks(rows, cuts):
    moments = Moments()
    for block in np.split(rows, sorted(cuts)):
        if len(block):
            moments.add(block)
    return moments


def some_rows(N, D, seed=0, dtype="float64"):
    rng = np.random.default_rng(seed)
    mixed = rng.standard_normal((N, D)) @ rng.standard_normal((D, D))
    return (mixed + rng.uniform(-50, 50, D)).astype(dtype)  # far from 0: rounding shows


@given(st.lists(st.integers(0, 50), max_size=6), st.integers(0, 99))
def test_blocks_are_joined_to_the_covariance_of_all_rows(cuts, seed):
    rows = some_rows(50, 4, seed)
    moments = in_blocks(rows, cuts)
    np.testing.assert_allclose(moments.mean, rows.mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(moments.covariance, np.cov(rows.T, bias=True), atol=1e-10)
    wanted = np.corrcoef(rows.T)
    np.testing.assert_allclose(moments.correlation([0, 2], [1, 3, 0]), wanted[[0, 2]][:, [1, 3, 0]])


def test_float32_is_good_enough_within_a_block():
    rows = some_rows(5000, 6, dtype="float32")
    found = in_blocks(rows, range(0, 5000, 700)).correlation(range(6), range(6))
    np.testing.assert_allclose(found, np.corrcoef(rows.T.astype(float)), atol=1e-5)


def test_blocks_of_float32_are_summed_up_in_float64():
    block, moments = some_rows(20, 3, dtype="float32"), Moments()
    moments.add(block)
    alone = moments.covariance
    for _ in range(3000):
        moments.add(block)
    assert moments.covariance.dtype == np.float64
    np.testing.assert_allclose(moments.covariance, alone, rtol=1e-12)


def test_parts_put_together_are_the_whole():
    rows = some_rows(60, 4)
    parts = [in_blocks(rows[:20], [7]), Moments(), in_blocks(rows[20:], [])]
    whole, together = in_blocks(rows, []), sum(parts, Moments())
    assert together.n == 60 and parts[0].n == 20
    np.testing.assert_allclose(together.mean, whole.mean)
    np.testing.assert_allclose(together.covariance, whole.covariance, atol=1e-10)


def test_the_ridge_is_the_one_with_the_least_errors_on_rows_not_fitted():
    rng, ridges = np.random.default_rng(3), (3, 0.3, 0.01)
    rows = rng.standard_normal((90, 32)) + 4
    rows[:, 3] = 7  # does not vary
    rows[:, 30] += rows[:, :30].sum(axis=1) / 4  # many follow it a little
    rows[:, 31] = rows[:, 5] - 2 * rows[:, 8]  # two follow it wholly
    cuts = [(0, 40), (40, 60), (60, 90)]
    folds = [in_blocks(rows[a:b], []) for a, b in cuts]
    wanted = []
    for target in (30, 31):
        errors = []
        for ridge in ridges:
            error = 0
            for a, b in cuts:
                others = np.concatenate([rows[:a], rows[b:]])
                w = in_blocks(others, []).probe(range(30), target, ridge)
                guess = (rows[a:b, :30] - others[:, :30].mean(axis=0)) @ w
                error += ((rows[a:b, target] - others[:, target].mean() - guess) ** 2).sum()
            errors.append(error)
        wanted.append(ridges[int(np.argmin(errors))])
    found = best_ridges([Moments(), *folds], range(30), [30, 31, 3], ridges)
    assert found.tolist() == [*wanted, 3] and wanted == [0.3, 0.01]
    assert best_ridges(folds[:2], range(30), [31], ridges) == [0.01]  # two can judge each other
    assert best_ridges(folds[:1], range(30), [31], ridges) == [3]  # nothing to judge by


def test_a_ridge_is_judged_by_every_row_and_by_the_mean_of_the_rows_held_out():
    rng, ridges, cuts = np.random.default_rng(5), (10, 3, 1, 0.3), [(0, 10), (10, 30), (30, 90)]
    rows = rng.standard_normal((90, 6))
    rows[:, 5] += rows[:, :5].sum(axis=1)
    for (a, b), up in zip(cuts, (-3, 0, 3), strict=True):
        rows[a:b, :5] += up
    errors = np.zeros((3, len(ridges)))
    for k, ridge in enumerate(ridges):
        for a, b in cuts:
            others = np.concatenate([rows[:a], rows[b:]])
            w = in_blocks(others, []).probe(range(5), 5, ridge)
            off = rows[a:b] - others.mean(axis=0)
            off = off[:, 5] - off[:, :5] @ w
            errors[:, k] += (off**2).sum(), (off**2).mean(), off.var() * len(off)
    wanted, by_folds, by_spread = (ridges[k] for k in errors.argmin(axis=1))
    found = best_ridges([in_blocks(rows[a:b], []) for a, b in cuts], range(5), [5], ridges)
    assert found == [wanted] and wanted not in (by_folds, by_spread)


def test_what_varies_by_the_rounding_of_float32_alone_tells_nothing():
    rows = np.array([[1, 0], [np.nextafter(np.float32(1), 2, dtype="float32"), 1]], np.float32)
    moments = in_blocks(rows, [])
    assert moments.covariance[0, 0] > 0 and moments.scale().tolist() == [0, 2]
    assert moments.correlation([0], [1]) == 0


def test_what_does_not_vary_tells_nothing():
    for dtype in ("float32", "float64"):
        rows = some_rows(60, 3, dtype=dtype)
        rows[:, 1] = 0.3
        moments = in_blocks(rows, [7, 30])
        assert moments.correlation([1], [0, 1, 2]).tolist() == [[0, 0, 0]]
        w = moments.probe([0, 1], 2, ridge=0.1)
        assert w[1] == 0 and w[0] != 0 and not moments.probe([0, 2], 1, ridge=0.1).any()
        assert moments.probe_correlation([1], np.array([1.0]), 2) == 0


def test_what_varies_a_little_tells_as_much_as_what_varies_a_lot():
    rows = some_rows(60, 2)
    rows[:, 1] = 1 + 1e-3 * (rows[:, 0] - rows[:, 0].mean()) / rows[:, 0].std()
    assert in_blocks(rows, [20]).correlation([0], [1]) == pytest.approx(1)


def test_no_correlation_is_beyond_1_even_by_rounding():
    rows = np.random.default_rng(0).standard_normal((50, 1)) * np.arange(1, 9)
    assert in_blocks(rows, []).correlation(range(8), range(8)).max() == 1


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_rows_that_are_no_numbers_are_refused(wrong):
    with pytest.raises(ValueError, match="nan or infinite"):
        Moments().add(np.array([[1.0, wrong]]))


def test_the_probe_is_least_squares():
    rows = some_rows(300, 5)
    moments = in_blocks(rows, [100, 110])
    w = moments.probe(range(4), 4, ridge=0)
    X, y = rows[:, :4] - rows[:, :4].mean(axis=0), rows[:, 4] - rows[:, 4].mean()
    np.testing.assert_allclose(w, np.linalg.lstsq(X, y, rcond=None)[0], rtol=1e-7)
    other = some_rows(80, 5, seed=1)
    found = in_blocks(other, [9]).probe_correlation(range(4), w, 4)
    assert found == pytest.approx(np.corrcoef(other[:, :4] @ w, other[:, 4])[0, 1])
    assert np.abs(moments.probe(range(4), 4, ridge=9)).sum() < np.abs(w).sum()
