"""A character-level recurrent network, whole, in a hundred lines of numpy. Built in lesson 03.

To have it read a text, learn it and write some of its own: python rnn100.py names.txt
"""

import sys

import numpy as np


def init(V, H, rng):
    """The weights to be learned, for V characters and H neurons: small random numbers."""
    shapes = {"Wxh": (V, H), "Whh": (H, H), "Why": (H, V)}
    W = {name: rng.standard_normal(shape) * 0.01 for name, shape in shapes.items()}
    return W | {"bh": np.zeros(H), "by": np.zeros(V)}


def step(W, i, h):
    """Read character number i in state h (H,): scores z (V,) for the next one, and the new h."""
    h = np.tanh(W["Wxh"][i] + h @ W["Whh"] + W["bh"])
    return h @ W["Why"] + W["by"], h


def softmax(z):
    """Turn scores into probabilities along the last axis."""
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def forward(W, inputs, targets, h):
    """Read T characters from state h: the loss in nats, summed; states hs (T+1, H); p (T, V)."""
    hs, z = np.empty((len(inputs) + 1, len(h))), np.empty((len(inputs), len(W["by"])))
    hs[0] = h  # hs[t] is the state before character t, hs[t + 1] the state after it
    for t, i in enumerate(inputs):
        z[t], hs[t + 1] = step(W, i, hs[t])
    p = softmax(z)
    return -np.log(p[np.arange(len(targets)), targets]).sum(), hs, p


def backward(W, inputs, targets, hs, p):
    """The gradient of the loss with respect to every weight: back-propagation through time."""
    dz = p.copy()  # (T, V)
    dz[np.arange(len(targets)), targets] -= 1
    dh = dz @ W["Why"].T  # (T, H): what each state owes for its own prediction
    da = np.empty_like(dh)  # for the sum inside tanh
    dnext = np.zeros_like(dh[0])  # what it owes for all the later ones
    for t in reversed(range(len(inputs))):
        da[t] = (dh[t] + dnext) * (1 - hs[t + 1] ** 2)
        dnext = da[t] @ W["Whh"].T
    dWxh = np.zeros_like(W["Wxh"])
    np.add.at(dWxh, inputs, da)  # row i gathers every place where character i was read
    dWhh, dWhy = hs[:-1].T @ da, hs[1:].T @ dz
    return {"Wxh": dWxh, "Whh": dWhh, "Why": dWhy, "bh": da.sum(axis=0), "by": dz.sum(axis=0)}


def adagrad(W, dW, memory, rate=0.1, clip=5.0):
    """Move every weight against its gradient, in place: less far, the more it has moved before."""
    for name in W:
        g = np.clip(dW[name], -clip, clip)
        memory[name] += g * g
        W[name] -= rate * g / np.sqrt(memory[name] + 1e-8)


def sample(W, i, length, rng):
    """Write `length` characters after character i: draw one, read it, draw the next."""
    h, drawn = np.zeros(len(W["bh"])), []
    for _ in range(length):
        z, h = step(W, i, h)
        i = rng.choice(len(z), p=softmax(z))
        drawn.append(i)
    return drawn


def train(ids, V, H=100, T=25, rate=0.1, seed=0):
    """Read the text over and over, T characters a step: yields step, smooth loss, weights."""
    T, rng = min(T, len(ids) - 1), np.random.default_rng(seed)
    W = init(V, H, rng)
    memory, loss, at, n = {name: np.zeros_like(W[name]) for name in W}, T * np.log(V), 0, 0
    while True:
        if n == 0 or at + T + 1 >= len(ids):
            at, h = 0, np.zeros(H)  # back to the beginning of the text, with an empty state
        inputs, targets = ids[at : at + T], ids[at + 1 : at + T + 1]
        step_loss, hs, p = forward(W, inputs, targets, h)
        adagrad(W, backward(W, inputs, targets, hs, p), memory, rate)
        loss, h, at, n = 0.999 * loss + 0.001 * step_loss, hs[-1], at + T, n + 1
        yield n, loss, W


if __name__ == "__main__" and "__file__" in globals():  # run as a program, not in a notebook
    if len(sys.argv) != 2:
        sys.exit("Which text? For example: python rnn100.py names.txt")
    text = open(sys.argv[1], encoding="utf-8").read()
    characters = sorted(set(text))
    ids = np.array([characters.index(c) for c in text])
    for n, loss, W in train(ids, len(characters)):
        if n % 1000 == 0:
            bits = loss / min(25, len(ids) - 1) / np.log(2)
            drawn = sample(W, ids[0], 200, np.random.default_rng(n))
            print(f"--- step {n}, {bits:.3f} bits per character")
            print("".join(characters[i] for i in drawn))
