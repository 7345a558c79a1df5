"""How low the loss gets, step by step, beside PyTorch: char-rnn's default network on one text.

    python tests/benchmarks/curves.py shakespeare.txt [--seeds 0,1,2] [--only minichar]

A 2 x 128 LSTM, 50 texts side by side, 50 characters a step, RMSProp at 0.002, times 0.97 at the end
of the tenth epoch and of each later one. Held out, as char-rnn does it, are the last 5 % of each of
the 50 pieces of the text; `--held-out end` takes the last 5 % of the text instead, which in a
collection of plays is another play and much harder. Both libraries start from the same weights,
read the same pieces and are judged on the same held-out text, so that only rounding lies between
them at first, and chance later: the spread over the seeds says how much. `--minutes` ends a run
that has taken that much CPU time. One line of JSON for each measurement; needs `pip install
torch==2.13.0` for the comparison.
"""

import argparse
import json
import os
import time

for library in ("OPENBLAS", "OMP", "MKL"):  # read when numpy is imported, so before that
    os.environ.setdefault(f"{library}_NUM_THREADS", "1")

import numpy as np  # noqa: E402

import minichar as mc  # noqa: E402
from minichar import graph  # noqa: E402
from minichar.text import split, streams  # noqa: E402

try:
    import torch
except ImportError:
    torch = None

BATCH, LENGTH, HIDDEN, RATE = 50, 50, 128, 0.002


def factor(epoch):
    """char-rnn's schedule: times 0.97 at the end of the tenth epoch (number 9) and all after it."""
    return 0.97 ** max(0, epoch - 9)


def pieces(inputs, targets, length):
    for t in range(0, len(inputs), length):
        yield inputs[t : t + length], targets[t : t + length]


def both_parts(text, vocab, where):
    """Inputs and targets (steps, BATCH) to train on, and to judge by."""
    if where == "end":
        return [streams(vocab.encode(part), BATCH) for part in split(text, 0.05)]
    whole = streams(vocab.encode(text), BATCH)
    cut = round(0.95 * len(whole[0]))
    return [a[:cut] for a in whole], [a[cut:] for a in whole]


def minichar_run(model, train, held_out):
    optimizer = mc.optim.RMSProp(model.parameters(), lr=RATE, decay=0.95)

    def epoch(k):
        state, optimizer.lr = None, RATE * factor(k)
        for x, y in pieces(*train, LENGTH):
            loss, state = model.loss(x, y, state)
            loss.backward()
            mc.optim.clip_by_value(model.parameters(), 5.0)
            optimizer.step()
            yield float(loss.data)

    def validate():
        total, state = 0.0, None
        for x, y in pieces(*held_out, 200):
            with graph.no_grad():
                loss, state = model.loss(x, y, state)
            total += float(loss.data) * y.size
        return total / held_out[1].size

    return epoch, validate


def torch_run(model, train, held_out):
    torch.set_num_threads(1)
    V, H = len(model.vocab), HIDDEN
    network, read_out = torch.nn.LSTM(V, H, 2), torch.nn.Linear(H, V)
    with torch.no_grad():  # the same start; PyTorch has the gates in the order i, f, g, o
        own = {name: w.data for name, w in model.parameters().items()}
        for k in range(2):
            for ours, theirs in (("Wxh", "weight_ih"), ("Whh", "weight_hh"), ("bh", "bias_ih")):
                o, i, f, g = np.split(own[f"{k}.{ours}"], 4, axis=-1)
                array = torch.from_numpy(np.ascontiguousarray(np.concatenate([i, f, g, o], -1).T))
                getattr(network, f"{theirs}_l{k}").copy_(array)
            getattr(network, f"bias_hh_l{k}").zero_().requires_grad_(False)
        read_out.weight.copy_(torch.from_numpy(own["read_out.W"].T.copy()))
        read_out.bias.copy_(torch.from_numpy(own["read_out.b"]))
    parameters = [p for p in [*network.parameters(), *read_out.parameters()] if p.requires_grad]
    optimizer = torch.optim.RMSprop(parameters, lr=RATE, alpha=0.95, eps=1e-8)
    train, held_out = (
        [torch.from_numpy(a.astype(np.int64)) for a in part] for part in (train, held_out)
    )

    def loss_of(x, y, state):
        hs, state = network(torch.nn.functional.one_hot(x, V).float(), state)
        scores = read_out(hs).reshape(-1, V)
        loss = torch.nn.functional.cross_entropy(scores, y.reshape(-1))
        return loss, tuple(s.detach() for s in state)

    def epoch(k):
        state = None
        optimizer.param_groups[0]["lr"] = RATE * factor(k)
        for x, y in pieces(*train, LENGTH):
            loss, state = loss_of(x, y, state)
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_value_(parameters, 5.0)
            optimizer.step()
            yield float(loss.detach())

    def validate():
        total, state = 0.0, None
        with torch.no_grad():
            for x, y in pieces(*held_out, 200):
                loss, state = loss_of(x, y, state)
                total += float(loss) * y.numel()
        return total / held_out[1].numel()

    return epoch, validate


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("text", help="a text file, or a name of the catalogue")
    parser.add_argument("--seeds", default="0,1,2", help="0,1,2 unless given")
    parser.add_argument("--only", choices=["minichar", "torch"], help="one of the two")
    parser.add_argument("--steps", type=int, default=8000)
    parser.add_argument("--minutes", type=float, default=np.inf, help="of CPU time, for each run")
    parser.add_argument("--held-out", choices=["pieces", "end"], default="pieces")
    options = parser.parse_args()
    text = mc.load_text(options.text)
    vocab = mc.Vocabulary.of(text)
    runs = {"minichar": minichar_run} | ({"torch": torch_run} if torch else {})
    runs = {name: run for name, run in runs.items() if options.only in (None, name)}
    for seed in map(int, options.seeds.split(",")):
        for name, run in runs.items():
            model = mc.CharModel(vocab, "lstm", (HIDDEN, HIDDEN), seed=seed)
            epoch, validate = run(model, *both_parts(text, vocab, options.held_out))
            began, step, k, done, recent = time.process_time(), 0, 0, False, []
            while not done:
                for loss in epoch(k):
                    step += 1
                    recent.append(loss)
                    done = step >= options.steps
                    done |= time.process_time() - began > 60 * options.minutes
                    if step % 500 == 0 or done:
                        minutes = (time.process_time() - began) / 60
                        row = {"library": name, "seed": seed, "step": step, "epoch": k}
                        row |= {"train": np.mean(recent), "validation": validate()}
                        print(json.dumps(row | {"cpu minutes": round(minutes, 2)}), flush=True)
                        recent = []
                    if done:
                        break
                k += 1


if __name__ == "__main__":
    main()
