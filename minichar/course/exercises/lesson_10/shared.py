"""What exercises 10.1 and 10.2 share: nothing may travel that need not."""

from minichar.course.checking import Wrong


def travelled(name, counts, downs=0):
    """Wrong where more has travelled than should."""
    if counts.down > downs:
        raise Wrong(f"{name}: {_arrays(counts.down)} came down from the card, expected {downs}")
    if counts.up:
        raise Wrong(f"{name}: {_arrays(counts.up)} went up to the card, expected none")


def _arrays(n):
    return f"{n} array{'s' * (n != 1)}"
