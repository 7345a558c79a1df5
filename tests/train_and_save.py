"""A training that saves after every other step, and goes on where its file is: to be killed.

python tests/train_and_save.py model.npz 1000
"""

import sys
from pathlib import Path

import minichar as mc
from minichar.checkpoint import load_training, save_model
from minichar.training import Training

TEXT = "the quick brown fox jumps over the lazy dog\n" * 20


def fresh():
    model = mc.CharModel(mc.Vocabulary.of(TEXT), hidden=(9, 7), embedding=5, dropout=0.3, seed=1)
    return Training(model, TEXT, batch=4, length=9, validation=0.1, validate_every=6, seed=2)


def main(path, steps):
    training = load_training(path, TEXT) if Path(path).exists() else fresh()
    fresh().step()  # with the extra fast, the first step of a process compiles
    print("ready", flush=True)
    while training.step_number < steps:
        training.step()
        if training.step_number % 2 == 0:
            save_model(path, training.model, training)
    save_model(path, training.model, training)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
