"""The teaching machinery: what a lesson imports to have its exercises checked.

Used in every lesson from 00 on. An exercise: `exercises/` holds the questions, `checking` judges
an answer, `calling` runs it, `comparing` says how it differs, `hints` helps. A notebook: `files`
finds it, `lessons` derives it from solutions/, `grading` is the pytest plugin that runs it, step by
step (`steps`) in a `kernel`. Then `progress` keeps the verdicts, and `classroom` adds up those of
many. `rendering` and `markup` make pages to read; `doctor` looks at the set-up.

    from minichar.course import check, hint, reference
    softmax = check("1.2", softmax)      # raises NotDone or Wrong, two lines, until it is right
"""

from minichar.course.checking import NotDone, Wrong, check, hint, reference

__all__ = ["NotDone", "Wrong", "check", "hint", "reference"]
