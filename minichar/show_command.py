"""`minichar show`: what a model's file holds, and how it was trained. Lesson 08 makes such files.

    minichar show my.npz
    minichar show names                 a network of the course, by name

The facts stand in the header; the weights are read as well, so that only a sound file is described.
"""

import argparse
import math
import textwrap
from collections.abc import Callable
from typing import Any

from minichar import archive, transfer
from minichar.checkpoint import of_the_demo
from minichar.commands import add_model, shown
from minichar.loading import found, load
from minichar.terminal import called, counted, one_line, visible


def add(command: Callable[..., argparse.ArgumentParser]) -> None:
    """Add `minichar show` by `command(name, run, text)`, which returns its parser."""
    add_model(command("show", one_line(run), "what a model's file holds, and how it was trained"))


def run(options: argparse.Namespace) -> int:
    """Print what is known of a model, a fact a line."""
    for name, fact in facts(options.model).items():
        margins = {"initial_indent": f"{name:12}", "subsequent_indent": " " * 12}
        print(textwrap.fill(visible(fact), 100, break_on_hyphens=False, **margins))
    return 0


def facts(name: str) -> dict[str, str]:
    """What is known of the model with this name: heading -> words.

    Raises BadModelFile as `loading.load` does, and where the header says what cannot be.
    """
    path, model = found(name), load(name)
    known = "".join(map(shown, model.vocab.characters))
    extras = [f"dropout {model.dropout:g}"] if model.dropout else []
    extras += [f"each character a vector of {model.embedding}"] if model.embedding else []
    extras += ["each line on its own"] if model.lines else []
    cells = f"{model.cell} of {' + '.join(map(str, model.hidden))} neurons"
    told = {
        "file": f"{path.name}, {transfer.size(path.stat().st_size)}",
        "network": ", ".join([cells, *extras]),
        "weights": f"{model.size:,}, computed in {model.dtype}",
        "characters": f"{len(model.vocab):,}: {known if len(known) < 300 else known[:300] + '…'}",
    }
    begin = f"to begin from these weights: {called('train', 'TEXT', '--init', name)}"
    no_training = {"training": f"not in the file; {begin}"}
    if of_the_demo(path):
        return told | no_training
    with archive.opened(path) as file:
        training, note = file.header["training"], file.header.get("note", {})
        if file.header.get("half") is True:
            told["weights"] += ", stored in 2 bytes each"
        if training is not None:
            go_on = f"with the same text: {called('train', 'TEXT', '--resume', name)}"
            return told | _trained(training) | {"to go on": go_on}
        if "steps" in note:
            reached = f"{_bits(note['held_out'])}, after {counted(int(note['steps']), 'step')}"
            return told | {"reached": reached} | no_training
        if "held_out" in note:
            told["learned"] = f"{note['characters']:,} characters of {note['text'][:40]}"
            told["reached"] = f"{_bits(note['held_out'])}; counting {note['counting']:.3f}"
    return told | no_training


def _bits(bits: float) -> str:
    return f"{bits:.3f} bits per character on the held-out text"


def _trained(training: dict[str, Any]) -> dict[str, str]:
    """What the header says of a training; a header may say anything, so each fact has its type."""
    now, settings, optimizer = training["now"], training["settings"], training["optimizer"]
    reached = "not measured while it trained"
    if now["best"] is not None:  # the weights in this file may be of a later step
        reached = f"{_bits(now['best'] / math.log(2))}, at its best"
    rate, clip = float(now["lr"] * now["factor"]), settings["clip"]
    step = f"{int(settings['length']):,} characters each of a batch of {int(settings['batch']):,}"
    clipped = "" if clip is None else f", gradients clipped to {clip:g}"
    steps = counted(int(now["steps"]), "step")
    return {
        "training": f"{steps}, in pass {int(now['epoch']) + 1:,} through the text",
        "reached": reached,
        "a step": step,
        "held out": f"{settings['validation']:.0%} of the text",
        "optimiser": f"{str(optimizer['kind'])[:40]}, learning rate {rate:g}{clipped}",
    }
