"""What pytest runs of a learner's notebook: cells, checks, and checks that are gone.

Used by grading.py, for every lesson. Each step runs in its lesson's one kernel, after all that
stand above it, and once the lesson waits for an unfinished exercise it is skipped. An exercise
shows as two lines of text, another cell that fails as the traceback the learner knows.

    notebooks/01_….ipynb::Cell 0           passed
    notebooks/01_….ipynb::exercise 1.1     failed, with what `check` says
    notebooks/01_….ipynb::exercise 1.2     skipped: waits for exercise 1.1
"""

import re

import pytest

from minichar.course import checking


class Failure(Exception):
    """Shown as its text alone."""


class Step(pytest.Item):
    """One thing to do in a lesson's kernel, in order.

    Each kind has `run`, which does it, and `show`, which then raises what pytest is to report.
    """

    done = False
    answered_below = False  # for a check: whether the learner's answer stands below it

    def runtest(self):
        for step in self.parent.steps:  # what stands above must have run, whatever was selected
            if step is self:
                break
            if not step.done:
                step.attempt()
        self.attempt()
        self.show()

    @property
    def label(self) -> str:
        """What to call it in a sentence."""
        return self.name

    def attempt(self):
        self.done = True
        if not self.parent.waits_for:
            self.run()

    def repr_failure(self, excinfo):
        if isinstance(excinfo.value, Failure):
            return str(excinfo.value)
        return super().repr_failure(excinfo)

    def reportinfo(self):
        return self.path, None, self.name


class Cell(Step):
    """A cell that is not an exercise: when it fails, only it fails."""

    def __init__(self, *, source, early, **arguments):
        super().__init__(**arguments)
        self.source, self.early, self.outcome = source, early, None

    @property
    def label(self) -> str:
        first = next(iter(self.source.strip().splitlines()), "empty")
        return f"{self.name} (`{first[:60]}`)"

    def run(self):
        self.outcome = self.parent.run(self, self.source)
        if not self.outcome.ok:
            self.parent.broken[self.label] = self.outcome.summary
        for number in [] if self.outcome.dead else self.early:
            self.parent.judge(self, number)

    def show(self):
        if self.outcome is None:
            pytest.skip(f"waits for {self.parent.waits_for}")
        if not self.outcome.ok:
            raise Failure(f"{self.label}\n{self.outcome.traceback}")


class Check(Step):
    """The check of an exercise, with the solution's code."""

    def __init__(self, *, number, **arguments):
        super().__init__(**arguments)
        self.number = number

    def run(self):
        lesson = self.parent
        lesson.judge(self, self.number)
        if lesson.verdicts[self.number][0] not in ("solved", "borrowed"):
            lesson.waits_for = lesson.waits_for or self.name

    def show(self):
        state, message = self.parent.verdicts.get(self.number, ("waits", ""))
        if state == "waits":
            pytest.skip(f"waits for {self.parent.waits_for}")
        if state == "borrowed":
            pytest.xfail(f"exercise {self.number} is borrowed, not solved")
        if state != "solved":
            raise Failure(message)


class Unreadable(Step):
    """All there is of a lesson whose file does not hold a notebook."""

    def __init__(self, *, text, **arguments):
        super().__init__(**arguments)
        self.text = text

    def run(self):
        pass

    def show(self):
        raise Failure(self.text)


class Missing(Step):
    """An exercise whose check is not in the notebook: deleted, or younger than the notebook."""

    def __init__(self, *, number, **arguments):
        super().__init__(**arguments)
        self.number = number

    def attempt(self):
        self.done = True
        lesson, text = self.parent, checking.named(self.number)
        if re.search(rf"Exercise {re.escape(self.number)}\b", lesson.text):
            source = lesson.checks[self.number].source
            text += f": its check is gone.\nAdd a cell below your answer with: {source}"
        else:
            text += f" is not in this notebook, {lesson.older}"
        lesson.verdicts[self.number] = ("missing", text)

    def show(self):
        raise Failure(self.parent.verdicts[self.number][1])
