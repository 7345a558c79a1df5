"""A picture read as a sequence: row by row, or along a curve that visits every pixel.

A picture is not a sequence, but it can be read in one order or another, and a network that reads it
in order can then say what it shows. `digits` are small handwritten ones; `hilbert` is an order that
never jumps (Hilbert, "Über die stetige Abbildung einer Linie auf ein Flächenstück", 1891). Built in
lesson 13.

    >>> hilbert(2).tolist()
    [[0, 0], [0, 1], [1, 1], [1, 0]]
    >>> picture = np.array([[[1, 2], [3, 4]]])
    >>> scan(picture, hilbert(2))[:, 0, 0].tolist(), scan(picture, rows(2))[:, 0, 0].tolist()
    ([1, 2, 4, 3], [1, 2, 3, 4])
"""

import csv

import numpy as np

from minichar.datasets import folder

SHADES = "0123456789abcdefg"  # as the file has them: one character a pixel, from 0 to 16


def digits() -> tuple[np.ndarray, np.ndarray]:
    """Handwritten digits: pictures (1797, 8, 8), 0 paper to 1 ink; what each is (1797,).

    From E. Alpaydin and C. Kaynak, "Optical recognition of handwritten digits", UCI Machine
    Learning Repository, 1998, under CC BY 4.0; datasets/README.md says more. Raises
    FileNotFoundError where the file has gone.
    """
    with open(folder() / "digits.csv", encoding="ascii", newline="") as file:
        table = [(int(row["digit"]), row["pixels"]) for row in csv.DictReader(file)]
    pixels = np.array([[SHADES.index(p) for p in pixels] for _, pixels in table], np.float32)
    return pixels.reshape(-1, 8, 8) / 16, np.array([digit for digit, _ in table])


def rows(n: int) -> np.ndarray:
    """The places of an n by n picture, line by line: (n², 2), the row and the column of each."""
    return np.stack(np.divmod(np.arange(n * n), n), axis=1)


def hilbert(n: int) -> np.ndarray:
    """The places (n², 2) along Hilbert's curve: each next to the one before, none left out.

    The curve of n is made of four of half the size: the first and the last lie on their sides, so
    that each ends next to where the following one begins. Raises ValueError unless n is a power
    of 2.
    """
    if n < 1 or n & (n - 1):
        raise ValueError(f"n={n}: Hilbert's curve fills a square whose side is a power of 2")
    if n == 1:
        return np.zeros((1, 2), int)
    half = n // 2
    part = hilbert(half)
    on_its_side, on_the_other = part[:, ::-1], half - 1 - part[:, ::-1]
    quarters = on_its_side, part + [0, half], part + [half, half], on_the_other + [half, 0]
    return np.concatenate(quarters)


def scan(pictures: np.ndarray, places: np.ndarray, at_once: int = 1) -> np.ndarray:
    """Pictures (B, n, n) as sequences (T, B, at_once), `at_once` pixels a step, along `places`.

    Raises ValueError where the pixels cannot be dealt out like that.
    """
    if at_once < 1 or len(places) % at_once:
        raise ValueError(f"{len(places)} pixels cannot be read {at_once} at a time")
    line = pictures[:, places[:, 0], places[:, 1]]  # (B, n²)
    return line.reshape(len(pictures), -1, at_once).transpose(1, 0, 2)
