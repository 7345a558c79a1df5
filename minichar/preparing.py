"""What `minichar train` begins with: its files, its training, how far it goes, a number to beat."""

import math
from argparse import Namespace
from fractions import Fraction
from pathlib import Path

from minichar import backend, optim
from minichar.checkpoint import NoTraining, load_model, load_training
from minichar.datasets import nearest_files
from minichar.look import known
from minichar.model import CHOSEN, CharModel
from minichar.ngram import NGram
from minichar.terminal import quoted
from minichar.text import Vocabulary
from minichar.training import Training

STEPS, EPOCHS = 2000, 50  # without --steps and --epochs: whichever is longer
BATCH, FEW = 50, 4  # without --batch: the most, and the fewest where the text has room for them
ENOUGH = 100  # steps to read the text once: a short text is better learned by more, smaller steps
COUNTED, ORDER = 1_000_000, 8  # the baseline: characters counted, and how far it looks back
TRIED = 200_000  # held-out characters on which it is found how far back is best


def files(options: Namespace) -> tuple[Path, Path]:
    """Where the model goes and where the best one; ValueError if that would lose something."""
    resume = options.resume
    flag, name = ("--resume", resume) if options.out is None else ("--out", options.out)
    out = Path("model.npz" if name is None else name)  # a name left empty is a mistake
    said = f"{flag} {quoted(name or '')}"
    if resume is not None and not Path(resume).is_file():
        near = ", ".join(map(quoted, nearest_files(resume)))
        what = f"--resume {quoted(resume)}: there is no such file"
        raise ValueError(f"{what}; nearest: {near}" if near else what)
    if out.suffix != ".npz":
        raise ValueError(f"{said}: the name of a model must end in .npz")
    if not out.parent.is_dir():
        raise ValueError(f"{said}: there is no folder {out.parent}; make it first")
    best = out.with_name(f"{out.stem}.best.npz")
    if resume is not None and out.resolve() == Path(resume).resolve():
        return out, best
    if not options.overwrite:
        other = "choose another name (--out other.npz), or replace it with --overwrite"
        if out.exists():
            raise ValueError(f"{out} exists already: go on with it (--resume {out}), {other}")
        if best.exists():
            raise ValueError(f"{best} exists already: {other}")
    return out, best


def started(options: Namespace, text: str) -> Training:
    """The training that the options ask for, at its start or where the file of --resume left it.

    Raises ValueError for --patience where nothing would be measured, and what `begin` and
    `resumed` raise.
    """
    training = (
        resumed(options.resume, text, options.device) if options.resume else begin(options, text)
    )
    if options.patience and not training.held_out:
        raise ValueError(
            "--patience: without a held-out text nothing is measured; leave --patience out"
        )
    return training


def begin(options: Namespace, text: str) -> Training:
    """A new training with these settings. `options.first`: the model of --init, or None."""
    given, first = vars(options), options.first
    vocab = first.vocab if first else Vocabulary.of(text)
    chosen = {name: given[name] for name in CHOSEN} | {"embedding": options.embedding or None}
    model = CharModel(vocab, device=options.device, **chosen)
    if first:
        for name, w in first.parameters().items():
            to = model.parameters()[name].data
            to[...] = backend.like(w.data, to)
    fit = int(len(text) * (1 - options.validation) / options.length)  # pieces, one at each place
    batch = max(1, min(BATCH, fit, max(FEW, fit // ENOUGH)))
    kind, rate = optim.OPTIMIZERS[options.optimizer]
    rate = rate if options.lr is None else options.lr
    training = Training(
        model,
        text,
        optimizer=kind(model.parameters(), lr=rate),
        clip=options.clip or None,
        validate_every=options.save_every,
        batch=options.batch or batch,
        **{name: given[name] for name in ("length", "lines", "validation", "seed")},
    )
    if options.decay != 1:
        epoch, kept = pieces(training), max(1, options.decay_after)  # epochs at the full rate
        training.schedule = optim.exponential(options.decay, epoch, (kept - 1) * epoch)
    return training


def resumed(path: str, text: str, device: str) -> Training:
    """The training in this file, to go on with `text` on `device`, "cpu" or "gpu".

    Raises ValueError, with what to do, where it left out characters of this text, and as
    `load_training` does.
    """
    try:
        return load_training(path, text, device=device)
    except NoTraining:
        load_training(path, known(load_model(path), text))  # the same error, if that is not why
        what = "was trained with the unknown characters of this text left out"
        raise ValueError(f"{path} {what}: pass --skip-unknown again") from None


def pieces(training: Training) -> int:
    """How many steps it takes to read the training text once."""
    parts = training.inputs.arrays if training.lines else [training.inputs]
    return sum(math.ceil(len(part) / training.length) for part in parts)


def goal(options: Namespace, training: Training) -> int:
    """The step to stop at. Raises ValueError if the training is there already."""
    steps = options.steps or max(STEPS, EPOCHS * pieces(training))
    if options.epochs:
        steps = math.ceil(Fraction(str(options.epochs)) * pieces(training))  # 1.1 of 50: 55
    if training.step_number >= steps:
        ask = f"it has done {training.step_number:,} steps of {steps:,}; ask for more with --steps"
        raise ValueError(f"there is nothing left to do for {options.resume}: {ask}")
    return steps


def baseline(training: Training, text: str) -> tuple[float, int]:
    """What counting reaches on the held-out text: bits per character, and the order it took."""
    counted = text[: len(text) - len(training.held_out)][-COUNTED:]
    ngram = NGram(counted, ORDER, training.model.vocab, "kneser-ney")
    order = ngram.best_order(training.held_out[:TRIED])
    # Without the first character, which the network is not asked for either.
    return ngram.bits(training.held_out, order)[1:].mean(), order
