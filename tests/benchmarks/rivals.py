"""The same work in minichar and in other libraries, for peers.py and gpu.py.

Each function makes something to call once per measurement: a training step (forward, backward,
clipping by norm and Adam, float32; it returns the loss), a text that is written, one LSTM step on a
graph. A library that is not installed has None.
"""

import importlib.util
import os

import numpy as np

import minichar as mc
from minichar import graph
from minichar.helpers import Helpers
from minichar.workers import calm

V = 67
LETTERS = mc.Vocabulary([chr(0x100 + i) for i in range(V)])
HAVE = {name: importlib.util.find_spec(name) for name in ("torch", "jax", "keras", "tensorflow")}
if not HAVE["tensorflow"]:
    os.environ.setdefault("KERAS_BACKEND", "jax" if HAVE["jax"] else "torch")

BLOCKS = {"rnn": 1, "gru": 3, "lstm": 4}


def characters(T, B):
    return np.random.default_rng(0).integers(0, V, (T + 1, B), dtype=np.int32)


def gigaflops(cell, hidden, B, T, dropout):
    """Multiplications and additions of a step's matrix products, in 1e9; forward 1, backward 2."""
    below, products = 0, hidden[-1] * V  # one-hot rows are picked, not multiplied
    for H in hidden:
        products += BLOCKS[cell] * H * (below + H)
        below = H
    return 3 * 2 * products * B * T / 1e9


def minichar_step(cell, hidden, B, T, dropout, ids):
    return training_step(mc.CharModel(LETTERS, cell, hidden, dropout=dropout), ids)


def training_step(model, ids, read=True):
    """A step of ours. Unless told to `read` the loss, it leaves it where it is: on a card, too."""
    weights, state, rng = model.parameters(), None, np.random.default_rng(0)
    optimizer, helpers = mc.optim.Adam(weights, lr=0.002), Helpers(model)

    def step():
        nonlocal state
        with calm():  # as in training.py
            loss, state = helpers.gradients(ids[:-1], ids[1:], state, rng)
            mc.optim.clip_by_norm(weights, 5.0)
            optimizer.step()
        return float(loss) if read else loss

    step.helpers = helpers
    return step


def torch_step(cell, hidden, B, T, dropout, ids, where="cpu"):
    """On one-hot rows, as char-rnn has them; a batch goes to the card `where` in each step."""
    import torch

    torch.manual_seed(0)
    kind = {"lstm": torch.nn.LSTM, "gru": torch.nn.GRU, "rnn": torch.nn.RNN}[cell]
    network = kind(V, hidden[0], len(hidden), dropout=dropout).to(where)
    read_out, drop = torch.nn.Linear(hidden[-1], V).to(where), torch.nn.Dropout(dropout)
    parameters = [*network.parameters(), *read_out.parameters()]
    optimizer = torch.optim.Adam(parameters, lr=0.002, fused=True)
    ids, state = torch.from_numpy(ids.astype(np.int64)), None

    def step():
        nonlocal state
        here = ids.to(where)
        y, new = network(torch.nn.functional.one_hot(here[:-1], V).float(), state)
        state = tuple(s.detach() for s in new) if cell == "lstm" else new.detach()
        scores = read_out(drop(y)).reshape(-1, V)
        loss = torch.nn.functional.cross_entropy(scores, here[1:].reshape(-1))
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, 5.0)
        optimizer.step()
        return float(loss.detach())

    return step


def jax_step(cell, hidden, B, T, dropout, ids):
    """One compiled function with lax.scan over time; LSTM and RNN."""
    if cell == "gru":
        return None
    import jax
    import jax.numpy as jnp

    rng, n = np.random.default_rng(0), {"lstm": 4, "rnn": 1}[cell]
    sizes, params = [V, *hidden], []
    for D, H in zip(sizes[:-1], sizes[1:], strict=True):
        shapes = ((D, n * H), (H, n * H), (n * H,))
        params.append([jnp.asarray(rng.uniform(-1, 1, s) / H**0.5, "float32") for s in shapes])
    for shape in ((hidden[-1], V), (V,)):
        params.append(jnp.asarray(rng.uniform(-1, 1, shape) / hidden[-1] ** 0.5, "float32"))

    def loss_of(params, state, key):
        x, after = None, []
        for k, (Wx, Wh, b) in enumerate(params[:-2]):

            def one(kept, a, Wh=Wh):
                a = a + kept[0] @ Wh
                if cell == "rnn":
                    return (jnp.tanh(a),), jnp.tanh(a)
                o, i, f, g = jnp.split(a, 4, axis=-1)
                c = jax.nn.sigmoid(f) * kept[1] + jax.nn.sigmoid(i) * jnp.tanh(g)
                h = jax.nn.sigmoid(o) * jnp.tanh(c)
                return (h, c), h

            new, x = jax.lax.scan(one, state[k], (Wx[ids[:-1]] if k == 0 else x @ Wx) + b)
            after.append(new)
            if dropout:
                key, own = jax.random.split(key)
                x = x * jax.random.bernoulli(own, 1 - dropout, x.shape) / (1 - dropout)
        scores = jax.nn.log_softmax(x @ params[-2] + params[-1])
        return -jnp.take_along_axis(scores, ids[1:][..., None], -1).mean(), after

    @jax.jit
    def update(params, m, v, t, state, key):
        (loss, state), g = jax.value_and_grad(loss_of, has_aux=True)(params, state, key)
        norm = jnp.sqrt(sum((x * x).sum() for x in jax.tree.leaves(g)))
        g = jax.tree.map(lambda x: x * jnp.minimum(1.0, 5.0 / norm), g)
        m = jax.tree.map(lambda m, x: 0.9 * m + 0.1 * x, m, g)
        v = jax.tree.map(lambda v, x: 0.999 * v + 0.001 * x * x, v, g)
        rate = 0.002 * jnp.sqrt(1 - 0.999**t) / (1 - 0.9**t)
        params = jax.tree.map(lambda w, m, v: w - rate * m / (jnp.sqrt(v) + 1e-8), params, m, v)
        return params, m, v, loss, state

    zeros = jax.tree.map(jnp.zeros_like, params)
    state = [(jnp.zeros((B, H)),) * (2 if cell == "lstm" else 1) for H in hidden]
    kept, t, ids = [params, zeros, zeros, state], 0, jnp.asarray(ids)

    def step():
        nonlocal t
        t += 1
        kept[0], kept[1], kept[2], loss, kept[3] = update(
            *kept[:3], float(t), kept[3], jax.random.key(t)
        )
        return float(loss)

    return step


def keras_step(cell, hidden, B, T, dropout, ids):
    import keras

    keras.utils.set_random_seed(0)
    kind = {"lstm": keras.layers.LSTM, "gru": keras.layers.GRU, "rnn": keras.layers.SimpleRNN}[cell]
    layers = [keras.Input(batch_shape=(B, T, V))]
    for H in hidden:
        layers += [kind(H, return_sequences=True, stateful=True), keras.layers.Dropout(dropout)]
    model = keras.Sequential([*layers, keras.layers.Dense(V)])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(0.002, global_clipnorm=5.0), loss)
    one_hot, targets = np.eye(V, dtype="float32")[ids[:-1].T], ids[1:].T
    return lambda: float(model.train_on_batch(one_hot, targets))


def rnn100_step(cell, hidden, B, T, dropout, ids):
    """The course's 100-line program as it stands: float64, Adagrad; one text and one layer."""
    if (cell, len(hidden), B) != ("rnn", 1, 1):
        return None
    steps = mc.rnn100.train(ids[:, 0], V, hidden[0], T)

    def step():
        with calm():
            return next(steps)[1] / T

    return step


def minichar_writes(hidden, count, length):
    model = mc.CharModel(LETTERS, "lstm", hidden)
    if count == 1:
        return lambda: mc.sample(model, length=length)
    return lambda: mc.samples(model, count, length=length)


def torch_writes(hidden, count, length):
    import torch

    network, read_out = torch.nn.LSTM(V, hidden[0], len(hidden)), torch.nn.Linear(hidden[-1], V)

    def write():
        ids, state, out = torch.zeros(1, count, dtype=torch.long), None, []
        with torch.inference_mode():
            for _ in range(length):
                y, state = network(torch.nn.functional.one_hot(ids, V).float(), state)
                ids = torch.multinomial(torch.softmax(read_out(y[0]), -1), 1).reshape(1, count)
                out.append(ids)
        return torch.cat(out).T.tolist()

    return write


def minichar_cell(H, whole):
    """One step of one text; from primitive operations, or `whole`, as one node."""
    rng = np.random.default_rng(0)
    cell = (mc.fused.LSTM if whole else mc.layers.LSTM)(H, H, rng)
    x, weight = rng.standard_normal((2, 1, 1, H)).astype("float32")
    x, state = graph.Tensor(x, True), cell.start(1)

    def step():
        y, _ = cell(x, state)
        y.backward(weight)

    return step


def torch_cell(H, whole):
    """The same from primitive operations, whether ours is or not."""
    import torch

    Wx, Wh, b = (torch.randn(*s, requires_grad=True) for s in ((H, 4 * H), (H, 4 * H), (4 * H,)))
    x, h, c, weight = torch.randn(1, H, requires_grad=True), *torch.randn(3, 1, H)

    def step():
        a = x @ Wx + h @ Wh + b
        o, i, f = (a[:, k * H : (k + 1) * H].sigmoid() for k in range(3))
        (o * (f * c + i * a[:, 3 * H :].tanh()).tanh()).backward(weight)

    return step


STEPS = {
    "minichar": minichar_step,
    "torch": torch_step,
    "jax": jax_step,
    "keras": keras_step,
    "rnn100": rnn100_step,
}
WRITERS = {"minichar": minichar_writes, "torch": torch_writes}
CELLS = {"minichar": minichar_cell, "torch": torch_cell}
