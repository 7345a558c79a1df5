"""A figure of matplotlib as an image, with each character in a font that has it.

matplotlib's own font has Latin, Greek, Cyrillic, Arabic and more, but no Chinese and few emoji: in
their places it draws boxes, all the same, and warns. Another font on the computer may have them.
"""

import io
import warnings
from contextlib import suppress
from functools import cache
from typing import Any

USUAL = "DejaVu Sans"  # matplotlib's own


def png(figure: Any) -> bytes:
    """The image. A character that no font here has is a box, and nothing is said."""
    from matplotlib.font_manager import findfont
    from matplotlib.text import Text

    look = {"format": "png", "dpi": 110, "bbox_inches": "tight", "facecolor": "white"}
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph")
        figure.savefig(file := io.BytesIO(), **look)
        texts = figure.findobj(Text)  # those along an axis are known only now
        shown = {c for text in texts for c in text.get_text() if c.isprintable()}
        if others := having("".join(sorted(lacking(findfont(USUAL), shown)))):
            for text in texts:
                text.set_fontfamily([USUAL, *others])
            figure.savefig(file := io.BytesIO(), **look)
    return file.getvalue()


def lacking(path: str, characters: set[str]) -> set[str]:
    """Those of the characters that the font in a file does not have."""
    from matplotlib.ft2font import FT2Font

    font = FT2Font(path)
    return {c for c in characters if not font.get_char_index(ord(c))}


@cache  # to look into all fonts of a computer may take a second
def having(characters: str) -> list[str]:
    """The fonts of this computer, by name, that have some of these that those before them lack."""
    from matplotlib.font_manager import fontManager

    names, wanted = [], set(characters)
    for entry in fontManager.ttflist if wanted else ():
        if "last" not in entry.name.lower():  # a font of last resort has a box for each character
            with suppress(RuntimeError, OSError):
                if (left := lacking(entry.fname, wanted)) < wanted:
                    names, wanted = [*names, entry.name], left
    return names
