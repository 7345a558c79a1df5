"""What exercises 10.1 and 10.2 share: nothing may travel that need not."""

from minichar.course.checking import Wrong


def travelled(name, counts, downs=0):
    """Wrong where more has travelled than should."""
    if counts.down > downs:
        raise Wrong(f"{name}: {counts.down} arrays came down from the card, expected {downs}")
    if counts.up:
        raise Wrong(f"{name}: {counts.up} arrays went up to the card, expected none")
