"""The teaching machinery: what a lesson imports to have its exercises checked.

Used in every lesson from 00 on. `checking` registers and judges answers, `calling` runs one and
`comparing` says how it differs, `exercises/` holds the questions, `lessons` derives notebooks/
from solutions/, `grading` is the pytest plugin that runs a learner's notebook, and `progress`
turns what it says into verdicts.

    from minichar.course import check, hint, reference
    softmax = check("1.2", softmax)      # raises NotDone or Wrong, two lines, until it is right
"""

from minichar.course.checking import NotDone, Wrong, check, hint, reference

__all__ = ["NotDone", "Wrong", "check", "hint", "reference"]
