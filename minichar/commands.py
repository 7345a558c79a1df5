"""The commands for texts of your own: `minichar train`, `minichar sample`, `minichar score`.

Here are their options, and what sample and score do. What train does is in running.py, how a
mistake becomes one line in terminal.py. Lessons 04 and 08 build what they call.

    minichar train my.txt --out my.npz
    minichar sample my.npz --prime "Once upon" --temperature 0.7
    minichar score my.npz other.txt
"""

import argparse
import sys
from collections.abc import Callable
from itertools import count
from typing import Any

import numpy as np

from minichar import optim, running, sampling, searching
from minichar.datasets import load_text
from minichar.decoding import decoded
from minichar.device import library
from minichar.loading import load
from minichar.look import known
from minichar.preparing import BATCH, EPOCHS, STEPS
from minichar.terminal import (
    Screen,
    called,
    counted,
    is_terminal,
    number,
    one_line,
    visible,
    whole,
)
from minichar.text import clean


def layers(text: str) -> tuple[int, ...]:
    """The type of --hidden: '128,128' is two layers of 128 neurons."""
    return tuple(whole(1)(size.strip()) for size in text.split(","))


SHARE = number(0, 1, open_end=True)
# Of `train`: option, type or choices, default, help. A file to --resume has them already.
SETTLED: list[tuple[str, Any, Any, str]] = [
    ("--cell", ("lstm", "gru", "rnn", "relu"), "lstm", "the cell; relu is an rnn that uses relu"),
    ("--hidden", layers, (128, 128), "neurons in each layer, the lowest first"),
    ("--embedding", whole(0), 64, "learn a vector of N numbers for each character; 0: one-hot"),
    ("--dropout", SHARE, 0.0, "share of neurons left out of each step, against overfitting"),
    ("--batch", whole(1), None, "places in the text read side by side: the batch size"),
    ("--lines", bool, False, "learn each line on its own, as in a list of names"),
    ("--length", whole(1), 50, "characters read in a step; gradients go back no further"),
    ("--optimizer", tuple(optim.OPTIMIZERS), "adam", "the rule by which the weights move"),
    ("--lr", number(0), None, "learning rate: how far they move; smaller is slower and safer"),
    ("--decay", number(0, 1), 1.0, "multiply the learning rate by this after every epoch"),
    ("--decay-after", whole(0), 10, "but not in the first N epochs"),
    ("--clip", number(0), 5.0, "shorten gradients longer than this to this length; 0: never"),
    ("--validation", SHARE, 0.05, "share of the text, at its end, held out to measure on"),
    ("--save-every", whole(1), 500, "measure on the held-out text and save after every N steps"),
    ("--seed", whole(0, np.inf), 0, "another seed gives other random weights"),
]  # fmt: skip


def add(command: Callable[..., argparse.ArgumentParser]) -> None:
    """Add train, sample and score by `command(name, run, text)`, which returns their parsers."""
    for run, describe, text in (
        (train, _add_train, "train a network on a text"),
        (sample, _add_sample, "have a trained network write"),
        (score, _add_score, "how well a network predicts a text"),
    ):
        describe(command(run.__name__, one_line(run), text))


def _add_train(made: argparse.ArgumentParser) -> None:
    made.usage = f"{called('train')} TEXT [options]"
    made.epilog = f"For instance: {called('train')} names --hidden 64 --steps 1000 --out names.npz"
    text = "a text file, a folder of them, or a name of `minichar data`"
    made.add_argument("text", metavar="TEXT", help=text)
    group = made.add_argument_group("what you get, and when")
    group.add_argument("--out", metavar="FILE", help="the file to save to (default model.npz)")
    old = group.add_mutually_exclusive_group()
    text = "go on with the training in this file, exactly where it stopped"
    old.add_argument("--resume", metavar="FILE", help=text)
    text = "start from this model, a file or a name as in `minichar sample` (default: a new one)"
    old.add_argument("--init", metavar="MODEL", help=text)
    _add_skipping(group)
    group.add_argument("--overwrite", action="store_true", help="replace the file that --out names")
    long = group.add_mutually_exclusive_group()
    text = f"stop after N steps (default {EPOCHS} epochs, at least {STEPS} steps)"
    long.add_argument("--steps", type=whole(1), metavar="N", help=text)
    text = "stop after reading the text N times"
    long.add_argument("--epochs", type=number(0, open_start=True), metavar="N", help=text)
    text = "stop after N measurements without a better one (default: go on)"
    group.add_argument("--patience", type=whole(1), metavar="N", help=text)
    text = "show what it writes after every N steps; 0: never (default 1000)"
    group.add_argument("--sample-every", type=whole(0), default=1000, metavar="N", help=text)
    _add_encoding(group)
    text = "where to compute; gpu is an NVIDIA graphics card, for large networks (default cpu)"
    group.add_argument("--device", choices=("cpu", "gpu"), default="cpu", help=text)
    group = made.add_argument_group(
        "the network and how it learns (a file to --resume has these already)"
    )
    for flag, kind, default, text in SETTLED:
        shown = ",".join(map(str, default)) if isinstance(default, tuple) else default
        if flag == "--lr":
            shown = ", ".join(f"{name} {rate:g}" for name, (_, rate) in optim.OPTIMIZERS.items())
        if flag == "--batch":
            shown = f"{BATCH}, fewer for a short text"
        if flag == "--lines":
            shown = "all as one text"
        text += f" (default {'none' if shown is None else shown})"
        reads = {"choices": kind} if isinstance(kind, tuple) else {"type": kind, "metavar": "N"}
        if kind is bool:
            reads = {"action": "store_const", "const": True}
        group.add_argument(flag, help=text, **reads)  # None, where it is not given


def _add_sample(made: argparse.ArgumentParser) -> None:
    made.usage = f"{called('sample')} MODEL [options]"
    made.epilog = f"For instance: {called('sample')} names --prime ma --temperature 0.7"
    add_model(made)
    _add_skipping(made)
    text = "the text to go on from (default: the start of a new line)"
    made.add_argument("--prime", default="", metavar="TEXT", help=text)
    text = "characters to write (default 200)"
    made.add_argument("--length", type=whole(1), default=200, metavar="N", help=text)
    text = "below 1 safer, above 1 wilder, 0 always the likeliest (default 1)"
    made.add_argument("--temperature", type=number(0), metavar="T", help=text)
    text = "choose among the N likeliest characters only (default all)"
    made.add_argument("--top-k", type=whole(1), metavar="N", help=text)
    text = "choose among the likeliest that together have this probability (default 1)"
    made.add_argument("--top-p", type=number(0, 1, open_start=True), metavar="P", help=text)
    text = "the same number gives the same text (default: another text each time)"
    made.add_argument("--seed", type=whole(0, np.inf), metavar="N", help=text)
    text = "beam search: look for the likeliest text, keeping W beginnings (default off)"
    made.add_argument("--beam", type=whole(1), metavar="W", help=text)


def _add_score(made: argparse.ArgumentParser) -> None:
    made.usage = f"{called('score')} MODEL TEXT [options]"
    made.epilog = f"For instance: echo maria | {called('score')} names - --each"
    add_model(made)
    _add_skipping(made)
    text = "a text file, a folder of them, a name of `minichar data`, or - for what is piped in"
    made.add_argument("text", metavar="TEXT", help=text)
    text = "a line for each character: the character, a tab, its bits (default: only the mean)"
    made.add_argument("--each", action="store_true", help=text)
    _add_encoding(made)


def add_model(made: argparse.ArgumentParser) -> None:
    """Add the argument that names a model, as `loading.load` takes it."""
    text = "a file of `minichar train`, or a network of the course by name, such as names"
    made.add_argument("model", metavar="MODEL", help=text)


def _add_skipping(made: Any) -> None:
    text = "leave out characters that the model does not know (default: an error)"
    made.add_argument("--skip-unknown", action="store_true", help=text)


def _add_encoding(made: Any) -> None:
    text = "the encoding of the text file, such as cp1252 (default UTF-8)"
    made.add_argument("--encoding", metavar="NAME", help=text)


def train(options: argparse.Namespace) -> int:
    """`minichar train`: fill in the defaults; refuse what --resume or --init has settled."""
    try:
        library(options.device)  # before anything is read
    except RuntimeError as error:
        raise ValueError(error) from None
    options.first = None if options.init is None else load(options.init)
    own = options.first.settings() if options.first else {}
    for flag, _, default, _ in SETTLED:
        name = flag[2:].replace("-", "_")
        if getattr(options, name) is None:
            setattr(options, name, own.get(name, default))
        elif options.resume:
            raise ValueError(f"{flag}: {options.resume} goes on with its own; leave {flag} out")
        elif name in own and name not in ("dropout", "lines"):
            raise ValueError(f"{flag}: {options.init} has its own; leave {flag} out")
    return running.run(options)


def sample(options: argparse.Namespace) -> int:
    """`minichar sample`: the prime, then each character as soon as it is drawn."""
    unknown = "skip" if options.skip_unknown else "error"
    chance = {name: getattr(options, name) for name in ("temperature", "top_k", "top_p", "seed")}
    model, prime = load(options.model), clean(options.prime)
    if options.beam:
        if given := [name.replace("_", "-") for name in chance if chance[name] is not None]:
            raise ValueError(f"--beam leaves nothing to chance: leave out --{given[0]}")
        pieces = [_likeliest(model, prime, options.length, options.beam, unknown)]
    else:
        chance["temperature"] = 1.0 if options.temperature is None else options.temperature
        pieces = sampling.stream(model, prime, options.length, unknown=unknown, **chance)
    terminal = is_terminal()
    for k, piece in enumerate(pieces):
        piece = piece if k else prime + piece  # an error comes before anything was printed
        print(visible(piece) if terminal else piece, end="", flush=True)
    print()
    return 0


def _likeliest(model: Any, prime: str, length: int, width: int, unknown: str) -> str:
    """What beam search finds; a terminal sees how far it has come."""
    screen, done = Screen(), count()

    def step(i: int, state: Any) -> tuple:
        share = min(1, next(done) / (length * width))  # some more are taken, for prime and greedy
        if screen.live and screen.due():
            screen.update(f"looking for the likeliest text: {share:.0%}")
        return model.step(i, state)

    watched = sampling.Predictor(model.vocab, step)
    found = searching.beam(watched, prime, length, width, unknown=unknown)
    screen.clear()
    return found


def score(options: argparse.Namespace) -> int:
    """`minichar score`: the mean bits per character of a text, or those of each character."""
    model = load(options.model)
    if options.text == "-":
        text = decoded(sys.stdin.buffer.read(), "what is piped in", options.encoding)
    else:
        text = load_text(options.text, options.encoding)
    given = len(text)
    if options.skip_unknown:
        text = known(model, text)
    if not text:
        raise ValueError("the model knows no character of this text: there is nothing to score")
    bits, screen = np.empty(len(text)), Screen()
    for k, b in enumerate(sampling.scoring(model, text)):
        bits[k] = b
        if options.each:
            print(f"{shown(text[k])}\t{b:.4f}")
        elif screen.live and screen.due():
            screen.update(f"{k:,} of {counted(len(text))} read")
    with np.errstate(over="ignore"):
        line = f"{bits.mean():.4f} bits per character, perplexity {np.exp2(bits.mean()):.4g}"
    line += f", over {counted(len(text))}"
    if skipped := given - len(text):
        line += f", {skipped:,} unknown left out"
    if options.each:
        print(line, file=sys.stderr)
    else:
        screen.line(line)
    return 0


def shown(character: str) -> str:
    """A character so that it can be seen: a line end is \\n, a space ␣."""
    return "␣" if character == " " else visible(character).replace("\n", "\\n").replace("\t", "\\t")
