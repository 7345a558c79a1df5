"""Many machines; and sweeps: every setting once, whatever fails, dies or is stopped."""

import json
import logging
import os
import signal
import subprocess
import sys

import numpy as np
import pytest

import minichar as mc
from minichar import cluster, evaluation, training
from minichar.cluster import attempt, grid, run, sweep
from minichar.workers import threads

TEXT = mc.load_text("names")[:4000]
FOUR = grid(hidden=[4, 8], seed=[0, 1])


def by_settings(runs):
    return {json.dumps(r.settings, sort_keys=True): r for r in runs}


def test_a_grid_has_every_combination_once():
    assert FOUR == [
        {"hidden": 4, "seed": 0},
        {"hidden": 4, "seed": 1},
        {"hidden": 8, "seed": 0},
        {"hidden": 8, "seed": 1},
    ]
    assert grid() == [{}] and grid(lr=[]) == []
    for alone in (dict(cell="lstm"), dict(seed=0)):  # would be l, s, t, m
        with pytest.raises(TypeError, match="choices are a list, such as"):
            grid(**alone)


def test_a_run_is_a_training_and_its_last_step_is_measured():
    both, own = {"seed": 3}, {"batch": 8, "length": 10, "clip": 0.1}
    found = run(TEXT, {"hidden": 4, "dropout": 0.5, "lr": 0.01} | both | own, steps=7)
    model = mc.CharModel(mc.Vocabulary.of(TEXT), hidden=4, dropout=0.5, **both)
    how = {"validation": 0.1, "validate_every": 7} | both | own
    training = mc.Training(model, TEXT, optimizer=mc.optim.Adam(model.parameters(), 0.01), **how)
    for _ in range(7):
        report = training.step()
    assert found.bits == pytest.approx(report.validation / 0.6931471805599453, rel=1e-5)
    assert found.weights == sum(w.data.size for w in model.parameters().values())
    assert found.seconds > 0 and found.error is None
    assert run(TEXT, {"hidden": 4, "validate_every": 5}, steps=7).bits < 100


@pytest.mark.parametrize("asked, steps, often", [(3, 4, 2), (5, 7, 2), (4, 4, 1), (9, 4, 1)])
def test_it_is_measured_as_often_as_asked_and_after_the_last_step(asked, steps, often, monkeypatch):
    measured, evaluating = [], evaluation.evaluating

    def noted(*given, **how):
        measured.append((yield from evaluating(*given, **how)))
        return measured[-1]

    for module in (evaluation, training):
        monkeypatch.setattr(module, "evaluating", noted)
    found = run(TEXT, {"hidden": 4, "validate_every": asked}, steps)
    assert len(measured) == often and measured[-1] == min(measured)  # it has just begun to learn
    assert found.bits == run(TEXT, {"hidden": 4}, steps).bits


def test_another_optimiser_comes_with_a_rate_of_its_own():
    plain, set_anew = ({"hidden": 4, "optimizer": "sgd"} | lr for lr in ({}, {"lr": 0.5}))
    rate = mc.optim.OPTIMIZERS["sgd"][1]
    assert run(TEXT, plain, 3).bits == run(TEXT, plain | {"lr": rate}, 3).bits
    assert rate == 0.5 or run(TEXT, plain, 3).bits != run(TEXT, set_anew, 3).bits


def test_what_goes_wrong_under_a_setting_is_its_result():
    assert "ValueError" in attempt(TEXT, {"hidden": 0}, 3).error
    assert "ValueError" in attempt("a", {}, 3).error
    assert (
        "'nonesuch': it must be one of adam," in attempt(TEXT, {"optimizer": "nonesuch"}, 3).error
    )
    assert "held-out" in attempt(TEXT, {"hidden": 4, "validation": 0}, 3).error
    assert "steps=0" in attempt(TEXT, {"hidden": 4}, 0).error
    with pytest.raises(TypeError, match="a setting is a dict"):
        next(sweep(TEXT, {"hidden": 4}))  # and not a list of such
    assert "validate_every=0: it must be a whole" in attempt(TEXT, {"validate_every": 0}, 3).error


@pytest.mark.filterwarnings("ignore:(overflow|invalid value) encountered")
def test_a_run_without_a_finite_measurement_has_an_error_and_no_bits():
    far = {"cell": "relu", "hidden": (16, 16), "optimizer": "rmsprop", "lr": 10.0, "batch": 4}
    found = cluster.attempt("hello world\n" * 100, far | {"length": 30}, 1)
    assert found.bits is None and "held-out text is not finite" in found.error


def test_every_setting_is_run_once_and_equals_a_run_by_itself(client, tmp_path):
    found = by_settings(sweep(TEXT, FOUR, 5, tmp_path, client))
    assert len(found) == 4
    for settings in FOUR:
        mine = found[json.dumps(settings, sort_keys=True)]
        assert mine.bits == pytest.approx(run(TEXT, settings, 5).bits, rel=1e-6)
    assert len(list(tmp_path.glob("*.json"))) == 4


def test_settings_may_be_numbers_of_numpy(client, tmp_path, monkeypatch):
    folder = tmp_path / "my" / "sweeps"
    (first,) = sweep(TEXT, grid(hidden=np.array([4]), seed=np.arange(1)), 2, folder, client)
    assert first.error is None
    monkeypatch.setattr(client, "submit", None)  # the same in Python's numbers is there already
    (kept,) = sweep(TEXT, [{"seed": 0, "hidden": 4}], 2, folder, client)
    assert kept.bits == first.bits


def test_a_failing_setting_is_reported_and_the_rest_go_on(client, tmp_path):
    found = list(sweep(TEXT, [{"hidden": 0}, *FOUR], 5, tmp_path, client))
    assert [r.settings for r in found if r.error] == [{"hidden": 0}]
    assert sum(r.bits is not None for r in found) == 4
    assert len(list(tmp_path.glob("*.json"))) == 4  # the error is not kept: mended, it runs


def test_a_setting_that_costs_worker_after_worker_is_given_up(client, tmp_path, monkeypatch):
    def lost(*_):  # as Dask tells it, once it has tried several
        raise MemoryError("and its worker")

    monkeypatch.setattr(cluster, "attempt", lost)
    (found,) = sweep(TEXT, FOUR[:1], 2, tmp_path, client)
    assert found.error == "given up: and its worker" and not list(tmp_path.iterdir())


def test_a_sweep_that_was_left_goes_on_with_what_is_missing(client, tmp_path, monkeypatch):
    for found in sweep(TEXT, FOUR, 5, tmp_path, client):
        kept = found
        break
    assert len(list(tmp_path.glob("*.json"))) == 1
    asked, submit = [], client.submit

    def submitted(what, *rest, **how):
        asked.extend([what] if what is attempt else [])
        return submit(what, *rest, **how)

    monkeypatch.setattr(client, "submit", submitted)
    again = list(sweep(TEXT, FOUR, 5, tmp_path, client))
    assert len(again) == 4 and kept in again and len(asked) == 3
    assert list(sweep(TEXT, FOUR, 5, tmp_path, client)) and len(asked) == 3
    assert all(list(sweep(TEXT, FOUR[:1], 6, tmp_path, client))) and len(asked) == 4  # other steps
    assert all(list(sweep(TEXT + "x\n", FOUR[:1], 5, tmp_path, client))) and len(asked) == 5


@pytest.mark.parametrize("damage", ["", "[]", "{", '{"bits": "x"}', "\0" * 9, '{"bits": null}'])
def test_a_damaged_result_is_run_again(client, tmp_path, damage):
    (first,) = sweep(TEXT, FOUR[:1], 2, tmp_path, client)
    (path,) = tmp_path.glob("*.json")
    path.write_text(damage)
    (again,) = sweep(TEXT, FOUR[:1], 2, tmp_path, client)
    assert again.bits == first.bits and json.loads(path.read_bytes())["bits"] == first.bits


def test_runs_of_a_worker_that_dies_are_done_by_another(client, tmp_path):
    settings = grid(hidden=[30], seed=range(6))
    found = []
    for one in sweep(TEXT, settings, 20, tmp_path, client):
        if not found:
            os.kill(next(iter(client.run(os.getpid).values())), signal.SIGKILL)
        found.append(one)
    assert not [r.error for r in found if r.error]
    assert sorted(r.settings["seed"] for r in found) == list(range(6))


SCRIPT = """
import minichar as mc
from minichar.cluster import grid, sweep
if __name__ == "__main__":
    text = mc.load_text("names")[:4000]
    for run in sweep(text, grid(hidden=[16], seed=range(8)), 40, "results"):
        print(run.settings["seed"], flush=True)
"""


def test_a_sweep_that_is_killed_goes_on_with_what_is_missing(tmp_path, client):
    (tmp_path / "sweeping.py").write_text(SCRIPT)
    command = [sys.executable, "sweeping.py"]
    first = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, start_new_session=True)
    first.stdout.readline()
    os.killpg(first.pid, signal.SIGKILL)
    first.wait()
    kept = {p: p.stat().st_mtime_ns for p in (tmp_path / "results").glob("*.json")}
    assert 1 <= len(kept) < 8
    again = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert sorted(again.stdout.split()) == [str(k) for k in range(8)]
    assert len(list((tmp_path / "results").glob("*.json"))) == 8
    assert {p: p.stat().st_mtime_ns for p in kept} == kept  # those were not done again


def test_a_setting_of_an_unknown_name_is_refused_before_anything_runs(tmp_path):
    with pytest.raises(ValueError, match="layers is not a setting here"):
        next(sweep(TEXT, [{"hidden": 4}, {"layers": 2}], 5, tmp_path / "new"))
    assert not (tmp_path / "new").exists()
    with pytest.raises(ValueError, match="layers is not a setting here"):
        run(TEXT, {"hidden": 4, "layers": 2}, 5)


def test_workers_have_one_thread_and_listen_to_this_machine_only(client):
    workers = client.scheduler_info(-1)["workers"]
    assert len(workers) == 2
    assert all("//127.0.0.1:" in address for address in workers)

    def heard():
        import psutil  # Dask brings it

        sockets = psutil.Process().net_connections("inet")
        return {socket.laddr.ip for socket in sockets if socket.status == "LISTEN"}

    assert set().union(heard(), *client.run(heard).values()) == {"127.0.0.1"}  # Dask's page, too
    assert all(worker["nthreads"] == 1 for worker in workers.values())
    assert set(client.run(threads).values()) == {1}  # of BLAS


def test_workers_write_no_traceback_where_a_lesson_is_read(client):
    def lowest():
        return min(handler.level for handler in logging.getLogger("distributed").handlers)

    assert min(client.run(lowest).values()) > logging.ERROR


def test_a_cluster_is_found_by_its_address(client, tmp_path):
    with cluster.workers(client.scheduler.address) as other:
        assert other.submit(sum, [1, 2]).result() == 3
    (found,) = sweep(TEXT, FOUR[:1], 2, tmp_path, client.scheduler.address)
    assert found.bits
    assert client.submit(sum, [1, 2]).result() == 3  # the cluster is not ours to end


def test_without_dask_it_is_said_what_to_install(monkeypatch):
    for name in ("dask", "dask.distributed"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ImportError, match=r"\[cluster\]"), cluster.workers(2):
        pass


def test_a_worker_that_dies_before_it_is_known_does_not_spoil_the_end(client):
    async def told():  # as the scheduler tells it
        client.cluster._update_worker_status("remove", "tcp://127.0.0.1:1")

    client.cluster.sync(told)
    assert client.submit(lambda: 7).result() == 7
