"""The folder in which the studio keeps a training as it goes on: the last files, and the best.

Every file is one of checkpoint.py, from which training goes on exactly. What the list says of a
file is in its header, so a long list needs no weights to be read, and it survives the program that
made the files. Nothing in a file is trusted: one that is damaged is listed as such.

    kept = Kept("studio")
    kept.keep(training, "what it wrote")
    [entry.step for entry in kept.entries()]
"""

import re
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from minichar import archive
from minichar.checkpoint import save_model
from minichar.training import Training

LAST = 5  # files that stay, beside the best one of each text
NAME = re.compile(r"run-(\d{3,9})-step-(\d{6,12})\.npz")


@dataclass(frozen=True)
class Entry:
    """What the header of a file says. `wrong` is why, if it cannot be read."""

    path: Path
    size: int  # bytes
    step: int = 0
    validation: float | None = None  # nats per character on the held-out text, at this step
    sample: str = ""
    text: str = ""  # the digest of the text that it learns from, and whether by lines (0, 1)
    wrong: str = ""


def look_into(path: Path) -> Entry:
    """The entry of one file, whatever it is. Raises OSError where there is none."""
    size = path.stat().st_size
    try:
        with archive.opened(path) as found:
            training, note = found.header["training"], found.header["note"]
            step, validation = training["now"]["steps"], note["validation"]
            text = f"{training['text']} {training['settings']['lines']}"
            sound = isinstance(step, int) and isinstance(note["sample"], str)
            if not sound or not (validation is None or 0 <= validation and np.isfinite(validation)):
                raise archive.Unfit("its header makes no sense")
            return Entry(path, size, step, validation, note["sample"][:200], text)
    except archive.BadModelFile as error:
        return Entry(path, size, wrong=str(error))


class Kept:
    """A folder of checkpoints, `run-001-step-000200.npz` and so on; other files stay untouched.

    It is made with the first file. `renew` begins a new run, so that steps of another training
    never take the place of those of this one. The best file of each text stays, or of so many
    `texts`, the latest.
    """

    def __init__(self, folder: str | Path, texts: int | None = None):
        self.folder, self.run, self.when, self.texts = Path(folder), None, -np.inf, texts

    def renew(self) -> None:
        """From now on, another training is kept."""
        self.run, self.when = None, -np.inf

    def due(self, seconds: float) -> bool:
        """Whether so many seconds have gone by since the last file of this run."""
        return time.monotonic() - self.when >= seconds

    def paths(self) -> list[Path]:
        """The files, the newest run and the latest step first."""
        found = [p for p in self.folder.glob("run-*.npz") if NAME.fullmatch(p.name)]
        return sorted(found, key=self._place, reverse=True)

    def _place(self, path: Path) -> tuple[int, ...]:
        return tuple(map(int, NAME.fullmatch(path.name).groups()))

    def entries(self) -> list[Entry]:
        """What every file says, the newest first. Files that vanish meanwhile are left out."""
        entries = []
        for path in self.paths():
            try:
                entries.append(look_into(path))
            except OSError:
                continue
        return entries

    def best(self, entries: list[Entry]) -> dict[str, Entry]:
        """By text, the entry that was best on the held-out part; of equals, the newest."""
        best = {}
        for entry in entries:
            if entry.validation is not None:
                now = best.setdefault(entry.text, entry)
                if entry.validation < now.validation:
                    best[entry.text] = entry
        return best

    def keep(self, training: Training, sample: str, validation: float | None = None) -> Path:
        """Write a file of the training as it is now, and remove the files that are too many.

        `validation` is in nats per character. Raises OSError where the disk refuses, ValueError for
        a training that cannot be saved.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        newest = max((self._place(path)[0] for path in self.paths()), default=0)
        if self.run is None or self.run < newest:  # or, as the older, it would be the one to go
            self.run = newest + 1
        path = self.folder / f"run-{self.run:03d}-step-{training.step_number:06d}.npz"
        note = {"validation": validation, "sample": sample}
        save_model(path, training.model, training, note=note)
        self.when = time.monotonic()
        entries = self.entries()
        best = {entry.path for entry in [*self.best(entries).values()][: self.texts]}
        for entry in entries[LAST:]:
            if entry.path not in best:
                entry.path.unlink(missing_ok=True)
        return path
