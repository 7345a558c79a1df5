import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minichar import graph, series
from minichar.graph import Tensor
from minichar.optim import Adam


def rng(seed=0):
    return np.random.default_rng(seed)


def test_the_series_is_37_whole_years_without_a_gap():
    months, ppm = series.carbon_dioxide()
    wanted = [f"{year}-{month:02}" for year in range(1965, 2002) for month in range(1, 13)]
    assert months == wanted and ppm.shape == (444,)
    assert ppm.min() > 315 and ppm.max() < 380 and np.isfinite(ppm).all()
    yearly = ppm.reshape(37, 12)
    assert (np.diff(yearly.mean(axis=1)) > 0).all()  # it rises every year,
    assert (yearly.argmax(axis=1) < yearly.argmin(axis=1)).mean() > 0.9  # and falls in summer


@given(st.integers(2, 30), st.floats(-1e6, 1e6))
def test_the_scale_knows_nothing_of_what_comes_later(known, later):
    values = rng(known).standard_normal(40) * 3 + 7
    other = values.copy()
    other[known:] = later
    one, two = (series.Scale.of(v[:known]) for v in (values, other))
    assert one == two
    down = one.down(values)
    assert abs(down[:known].mean()) < 1e-12 and abs(down[:known].std() - 1) < 1e-12
    assert np.allclose(one.up(down), values, rtol=0, atol=1e-12)


def test_a_series_that_never_changes_has_no_scale():
    with pytest.raises(ValueError, match="nothing to forecast"):
        series.Scale.of([3.0, 3.0])
    with pytest.raises(ValueError, match="fill the gaps"):
        series.Scale.of([3.0, np.nan, 4.0])


@given(st.integers(1, 8), st.integers(2, 20))
def test_the_season_that_drifts_one_at_a_time(season, more):
    v = rng(more).standard_normal(season + more)
    drift = [v[t - 1] + v[t - season] - v[t - season - 1] for t in range(season + 1, len(v))]
    assert np.allclose(series.drifting_season(v, season), drift)


def test_a_line_plus_a_season_is_forecast_exactly_by_the_season_that_drifts():
    v = 0.3 * np.arange(50) + np.tile(rng().standard_normal(5), 10)
    assert series.error(series.drifting_season(v, 5), v[6:]) < 1e-12
    assert series.error(v[:-5], v[5:]) == pytest.approx(1.5)


def test_the_error_is_in_the_unit_of_the_series_and_wants_equal_shapes():
    assert series.error([1.0, 5.0], [4.0, 1.0]) == pytest.approx(np.sqrt(12.5))
    with pytest.raises(ValueError, match="do not fit"):
        series.error(np.zeros((3, 1)), np.zeros(3))


def forecaster():
    return series.Forecaster(5, rng(1), "float64")


def test_a_forecast_depends_on_the_past_alone():
    model, v = forecaster(), rng().standard_normal(12)
    other = v.copy()
    other[7:] += 1
    a, b = model.ahead(v), model.ahead(other)
    assert a.shape == (12,) and (a[:7] == b[:7]).all() and (a[7:] != b[7:]).all()


def test_running_free_is_reading_ones_own_forecasts():
    model, v = forecaster(), rng().standard_normal(9)
    said = []
    for _ in range(6):
        said.append(model.ahead(np.concatenate([v, said]))[-1])
    assert np.allclose(model.run_free(v, 6), said, rtol=0, atol=1e-12)
    assert model.run_free(v, 1).shape == (1,)


@pytest.mark.parametrize("values, n", [(np.array([]), 3), (np.ones(3), 0)])
def test_running_free_wants_something_to_begin_with_and_something_to_say(values, n):
    with pytest.raises(ValueError, match="run_free"):
        forecaster().run_free(values, n)


def test_the_loss_is_the_mean_square_without_the_first_forecasts():
    model, v = forecaster(), rng().standard_normal((10, 3))
    ahead = np.stack([model.ahead(column) for column in v.T], axis=1)
    for skip in (0, 4):
        wanted = ((ahead[:-1] - v[1:])[skip:] ** 2).mean()
        assert np.isclose(model.loss(v, skip).data, wanted, rtol=1e-12)
    assert model.loss(v).data == model.loss(v, 0).data
    parameters = model.parameters.values()
    assert graph.check_gradients(lambda *_: model.loss(v, 2), *parameters) < 1e-7


def test_what_is_skipped_sends_no_gradient():
    model, v = forecaster(), rng().standard_normal((6, 1))
    forecast, _ = model(v[:-1])
    assert forecast.shape == (5, 1)
    b = model.parameters["read_out.b"]
    model.loss(v, skip=4).backward()
    assert b.grad[0] == pytest.approx(2 * (forecast.data[4, 0] - v[5, 0]))


def test_it_learns_what_can_be_known():
    v = np.sin(2 * np.pi * np.arange(80) / 8)
    model = series.Forecaster(8, rng())
    adam, before = Adam(model.parameters, 0.02), series.error(model.ahead(v)[:-1], v[1:])
    for _ in range(100):
        model.loss(v[:, None]).backward()
        adam.step()
    assert series.error(model.ahead(v)[8:-1], v[9:]) < before / 3
    assert isinstance(model.loss(v[:, None]), Tensor)
    assert model.loss(v[:, None]).dtype == model.ahead(v).dtype == "float32"


def test_equal_numbers_have_no_scale_however_their_mean_is_rounded():
    assert np.std([0.1] * 3) > 0
    with pytest.raises(ValueError, match="nothing to forecast"):
        series.Scale.of([0.1] * 3)
