import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minichar import pixels


@pytest.mark.parametrize("n", [1, 2, 4, 8, 16, 32])
def test_hilberts_curve_visits_every_pixel_once_and_never_jumps(n):
    places = pixels.hilbert(n)
    assert len(np.unique(places, axis=0)) == len(places) == n * n
    assert (np.abs(np.diff(places, axis=0)).sum(axis=1) == 1).all()
    assert places[0].tolist() == [0, 0] and places[-1].tolist() == [n - 1, 0]


@pytest.mark.parametrize("n", [2, 4, 8])
def test_hilberts_curve_fills_one_quarter_after_the_other(n):
    quarters = pixels.hilbert(n).reshape(4, -1, 2) // (n // 2)
    assert [np.unique(q, axis=0).tolist() for q in quarters] == [
        [[0, 0]],
        [[0, 1]],
        [[1, 1]],
        [[1, 0]],
    ]


@pytest.mark.parametrize("n", [0, -4, 3, 6])
def test_hilberts_curve_refuses_other_sizes(n):
    with pytest.raises(ValueError, match="power of 2"):
        pixels.hilbert(n)


@given(st.integers(0, 3), st.sampled_from([1, 2, 4]))
def test_what_is_scanned_can_be_put_together_again(seed, at_once):
    dice = np.random.default_rng(seed)
    pictures = dice.standard_normal((3, 4, 4))
    for places in (pixels.rows(4), pixels.hilbert(4), dice.permutation(pixels.rows(4))):
        sequence = pixels.scan(pictures, places, at_once)
        assert sequence.shape == (16 // at_once, 3, at_once)
        again = np.empty_like(pictures)
        again[:, places[:, 0], places[:, 1]] = sequence.transpose(1, 0, 2).reshape(3, 16)
        assert (again == pictures).all()


def test_row_by_row_eight_at_a_time_is_a_row_a_step():
    pictures, _ = pixels.digits()
    sequence = pixels.scan(pictures[:5], pixels.rows(8), 8)
    assert (sequence == pictures[:5].transpose(1, 0, 2)).all()


def test_pixels_that_do_not_share_out_are_refused():
    for at_once in (3, 0, -1):
        with pytest.raises(ValueError, match=f"{at_once} at a time"):
            pixels.scan(np.zeros((1, 4, 4)), pixels.rows(4), at_once)


def test_the_digits_are_all_there():
    pictures, digits = pixels.digits()
    assert pictures.shape == (1797, 8, 8) and pictures.dtype == np.float32
    assert pictures.min() == 0 and pictures.max() == 1
    assert (pictures * 16 == np.round(pictures * 16)).all()
    assert np.bincount(digits).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    means = [pictures[digits == k].mean(axis=0) for k in range(10)]
    nearest = [min(range(10), key=lambda k: ((p - means[k]) ** 2).sum()) for p in pictures]
    assert np.mean(nearest == digits) > 0.85  # labels and pictures belong together
