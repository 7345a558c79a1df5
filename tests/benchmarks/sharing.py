"""What a second process gains in a training, and its cost: python tests/benchmarks/sharing.py

An LSTM learns names, alone and with its batch shared by the processes of a Dask cluster here, each
with one thread. For each size it prints the milliseconds of the fastest step, alone and shared, the
speed-up, and the megabytes that a step moves between processes. Needs the extra `cluster`, and two
cores that are otherwise idle.
"""

import argparse
import os

for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"  # one core a process, this one as well

import time  # noqa: E402

import minichar as mc  # noqa: E402
from minichar import cluster  # noqa: E402
from minichar.sharing import Shared  # noqa: E402


def fastest(trainings: list[mc.Training], steps: int) -> list[float]:
    """Milliseconds of the fastest step of each, in turns, after one that does not count."""
    times = [[] for _ in trainings]
    for _ in range(steps + 1):
        for training, its in zip(trainings, times, strict=True):
            began = time.perf_counter()
            training.step()
            its.append(time.perf_counter() - began)
    return [1000 * min(its[1:]) for its in times]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split(":")[0])
    parser.add_argument("--sizes", default="16,64,256,512", help="neurons of the one layer")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--length", type=int, default=50)
    parser.add_argument("--steps", type=int, default=20)
    options = parser.parse_args()
    text = mc.load_text("names")
    how = {"batch": options.batch, "length": options.length, "validate_every": 10**9}
    predictions = options.batch * options.length
    print(f"{predictions:,} predictions a step, {options.processes} processes of one thread each")
    print(f"{'size':>6}{'weights':>11}{'alone':>9}{'shared':>9}{'speed-up':>10}{'MB a step':>11}")
    with cluster.workers(options.processes) as client:
        for size in map(int, options.sizes.split(",")):
            model, other = (mc.CharModel(mc.Vocabulary.of(text), hidden=size) for _ in range(2))
            shared = Shared(client, model, text, **how)
            one, many = fastest([mc.Training(other, text, **how), shared], options.steps)
            weights = sum(w.data.size for w in model.parameters().values())
            moved = shared.moved / shared.step_number / 1e6
            ratio = f"{one / many:10.2f}{moved:11.2f}"
            print(f"{size:6}{weights:11,}{one:9.1f}{many:9.1f}{ratio}", flush=True)


if __name__ == "__main__":
    main()
