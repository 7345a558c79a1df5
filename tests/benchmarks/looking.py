"""How fast a network is looked into, beside plain reading: python tests/benchmarks/looking.py

A network of 2 x 256 LSTM cells reads Python's source, or a network and a text that you name. Each
line is the seconds it took, the processor's seconds (all threads), the microseconds a character
and the most memory taken until then. OPENBLAS_NUM_THREADS says how many threads there are; only
on an otherwise idle machine do more than 1 help. The last lines are what recording takes in terms
of plain reading, in turns, and the seconds to colour 20,000 characters (a browser draws them yet).
"""

import argparse
import resource
import statistics
import sys
import time

import minichar as mc
from minichar import coloured, guessing, look, measuring, neurons, states
from minichar.evaluation import evaluate
from minichar.features import FEATURES, tabulate

UNIT = 1e6 if sys.platform == "darwin" else 1e3  # of getrusage in a MB: bytes there, else kB


def main():
    parser = argparse.ArgumentParser(description=__doc__.split(":")[0])
    parser.add_argument("--model", help="a model's file (default: 2 x 256 untrained LSTM cells)")
    parser.add_argument("--text", default="python")
    parser.add_argument("--characters", type=int, default=1_000_000)
    parser.add_argument("--features", type=int, default=8)
    parser.add_argument("--only", default="evaluate,blocks,guesses,features,measure,search")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    known = parser.get_default("only").split(",")
    if unknown := set(options.only.split(",")) - set(known):
        parser.error(f"--only {','.join(sorted(unknown))}: there are {', '.join(known)}")
    text = mc.load_text(options.text)
    if options.model:
        model = mc.load_model(options.model)
        text = look.known(model, text)
    else:
        model = mc.CharModel(mc.Vocabulary.of(text), "lstm", (256, 256), embedding=64)
    a, b = text[: options.characters], text[-options.characters // 10 :]
    features = dict(list(FEATURES.items())[: options.features])
    work = {
        "evaluate": lambda: evaluate(model, a),  # the measure of all else
        "blocks": lambda: [None for _ in states.blocks(model, a)],
        "guesses": lambda: guessing.guesses(model, a),
        "features": lambda: tabulate(a, features),
        "measure": lambda: measuring.measure(model, a, features),
        "search": lambda: neurons.search(model, a, b, features),  # two networks, two texts
    }
    evaluate(model, a[:5000])  # compiled, where there is a compiler, before the clock starts
    print(f"{model}; {len(a):,} characters, {len(features)} features")
    print(f"{'':<10}{'seconds':>10}{'processor':>10}{'us/char':>10}{'MB':>8}")
    for name in options.only.split(","):
        wall, cpu = time.perf_counter(), time.process_time()
        work[name]()
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / UNIT
        print(f"{name:<10}{wall:10.2f}{cpu:10.2f}{wall / len(a) * 1e6:10.1f}{most:8.0f}")
    part = a[: len(a) // 10]
    turns = [
        [seconds(lambda: evaluate(model, part)), seconds(lambda: look.record(model, part))]
        for _ in range(options.rounds)
    ]
    ratio = statistics.median(recorded / plain for plain, recorded in turns)
    print(f"recording h takes {ratio:.2f} of the time of reading; the median of {len(turns)} turns")
    h = look.record(model, a[:20_000])[0, "h"][:, 0]
    drawn = [seconds(lambda: coloured.text(a[:20_000], h)) for _ in range(options.rounds)]
    print(f"20,000 characters are coloured in {statistics.median(drawn):.2f} s")


def seconds(work):
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
