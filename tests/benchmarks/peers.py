"""How fast a training step is, beside PyTorch's, in one run on one machine.

    python tests/benchmarks/peers.py [--only b,e] [--rounds 7] [--threads 2]

Every configuration is trained by both in turns, order reversed each round, on the same random
characters: forward, backward, clipping by norm and Adam, in float32. A ratio above 1 means that
minichar is faster: the median over the rounds of PyTorch's time divided by minichar's. Absolute
times say more about the machine. `share` is the step's arithmetic against the rate of one large
matrix product of numpy's, measured in the same run. Needs `pip install torch==2.13.0` for the
comparison.
"""

import argparse
import os
import time

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("--only", default="", help="configurations, as in b,e; all unless given")
parser.add_argument("--rounds", type=int, default=7, help="turns for each, 7 unless given")
parser.add_argument("--threads", type=int, default=2, help="of both libraries, 2 unless given")
options = parser.parse_args()
for library in ("OPENBLAS", "OMP", "MKL"):  # read when numpy is imported, so before that
    os.environ[f"{library}_NUM_THREADS"] = str(options.threads)

import numpy as np  # noqa: E402

import minichar as mc  # noqa: E402

try:
    import torch
except ImportError:
    torch = None

V = 67
CONFIGURATIONS = {  # cell, neurons by layer, texts side by side, characters a step
    "a": ("lstm", (512, 512), 100, 100),  # the article's largest
    "b": ("lstm", (128, 128), 50, 50),  # char-rnn's default
    "c": ("lstm", (20, 20), 1, 100),  # the browser demo's
    "c64": ("lstm", (20, 20), 64, 100),  # 64 of its sentences at once
    "d": ("rnn", (100,), 1, 25),  # min-char-rnn's
    "e": ("lstm", (256,), 64, 64),
    "e gru": ("gru", (256,), 64, 64),
    "e rnn": ("rnn", (256,), 64, 64),
}
BLOCKS = {"rnn": 1, "gru": 3, "lstm": 4}


def minichar_step(cell, hidden, B, T, ids):
    vocab = mc.Vocabulary([chr(0x100 + i) for i in range(V)])
    model = mc.CharModel(vocab, cell=cell, hidden=hidden)
    optimizer, state = mc.optim.Adam(model.parameters(), lr=0.002), None

    def step():
        nonlocal state
        loss, state = model.loss(ids[:-1], ids[1:], state)
        loss.backward()
        mc.optim.clip_by_norm(model.parameters(), 5.0)
        optimizer.step()
        return float(loss.data)

    return step


def torch_step(cell, hidden, B, T, ids):
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    kind = {"lstm": torch.nn.LSTM, "gru": torch.nn.GRU, "rnn": torch.nn.RNN}[cell]
    network, read_out = kind(V, hidden[0], len(hidden)), torch.nn.Linear(hidden[-1], V)
    parameters = [*network.parameters(), *read_out.parameters()]
    optimizer = torch.optim.Adam(parameters, lr=0.002, fused=True)
    ids, state = torch.from_numpy(ids.astype(np.int64)), None

    def step():
        nonlocal state
        one_hot = torch.nn.functional.one_hot(ids[:-1], V).float()
        y, new = network(one_hot, state)
        state = tuple(s.detach() for s in new) if cell == "lstm" else new.detach()
        scores = read_out(y).reshape(-1, V)
        loss = torch.nn.functional.cross_entropy(scores, ids[1:].reshape(-1))
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 5.0)
        optimizer.step()
        return float(loss.detach())

    return step


def gigaflops(cell, hidden, B, T):
    """Multiplications and additions of a step's matrix products, in 1e9; forward 1, backward 2."""
    below, products = 0, hidden[-1] * V  # one-hot rows are picked, not multiplied
    for H in hidden:
        products += BLOCKS[cell] * H * (below + H)
        below = H
    return 3 * 2 * products * B * T / 1e9


def seconds(step, repeat):
    began = time.perf_counter()
    for _ in range(repeat):
        step()
    return (time.perf_counter() - began) / repeat


def matmul_rate():
    """GFLOP/s of numpy's product of two 2048 x 2048 matrices of float32."""
    a = np.random.default_rng(0).standard_normal((2048, 2048), np.float32)
    return 2 * 2048**3 / 1e9 / np.median([seconds(lambda: a @ a, 1) for _ in range(7)])


def main():
    peer = f"PyTorch {torch.__version__}" if torch else "PyTorch is not installed: no ratio"
    print(f"numpy {np.__version__}, {peer}, {options.threads} threads, {options.rounds} rounds")
    rate = matmul_rate()
    print(f"numpy's large matrix product: {rate:.0f} GFLOP/s")
    print(f"{'':6} {'ms':>8} {'chars/s':>9} {'GFLOP/s':>8} {'share':>6} {'ratio':>6}  losses")
    for name, configuration in CONFIGURATIONS.items():
        if options.only and name not in options.only.split(","):
            continue
        _, _, B, T = configuration
        ids = np.random.default_rng(0).integers(0, V, (T + 1, B), dtype=np.int32)
        makers = [minichar_step, torch_step] if torch else [minichar_step]
        steps = [make(*configuration, ids) for make in makers]
        losses = [step() for step in steps]
        repeat = max(1, round(0.3 / max(seconds(steps[0], 2), 1e-4)))
        times = []
        for r in range(options.rounds):
            order = range(len(steps)) if r % 2 == 0 else reversed(range(len(steps)))
            times.append({k: seconds(steps[k], repeat) for k in order})
        losses = [f"{first:.2f} to {step():.2f}" for first, step in zip(losses, steps, strict=True)]
        ms = np.median([t[0] for t in times]) * 1e3
        flops = gigaflops(*configuration) / (ms / 1e3)
        ratio = f"{np.median([t[1] / t[0] for t in times]):.2f}" if torch else "-"
        print(
            f"{name:6} {ms:8.2f} {B * T / ms * 1e3:9,.0f} {flops:8.1f} {flops / rate:6.0%} "
            f"{ratio:>6}  {'; '.join(losses)}",
            flush=True,
        )


if __name__ == "__main__":
    main()
