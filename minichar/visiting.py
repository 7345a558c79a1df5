"""The studio for a visitor to the page: page.py has a kernel of theirs run this.

A visitor types what they like, or sends what no button would, and a path must not get through. So
the field for one is not hidden but gone, and what is saved goes into a folder made for the visit,
which ends with it.

    visit()      # the last line of a cell: there it is
"""

import os
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

from minichar.studio import Studio

TEXTS = 3  # whose best file is kept: else one text after another would fill the disk
MEMORY = 4 << 30  # bytes of address space: a larger network ends in a message


def visit(**settings: Any) -> Studio:
    """A studio in a new folder, which becomes the working folder; `settings` are those of Studio.

    Raises OSError where no folder can be made.
    """
    here = Path.cwd()
    folder = tempfile.TemporaryDirectory(prefix="visit-", dir=here, ignore_cleanup_errors=True)
    os.chdir(folder.name)
    studio = Studio(**settings)
    studio.visit = folder  # it goes when this does, or the process
    panel = studio.file_panel
    panel.kept.texts = TEXTS
    for box in filter(lambda child: hasattr(child, "children"), panel.children):
        box.children = [child for child in box.children if child is not panel.path]
    panel.path.close()
    studio.model_panel.code.layout.display = "none"
    return studio


def limit() -> None:
    """Limit this process to MEMORY, where the system knows how."""
    with suppress(ImportError, OSError, ValueError):
        import resource  # not on Windows

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
