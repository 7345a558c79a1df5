"""Characters as they can be shown: each to be seen, and none that turns round those after it.

A picture of matplotlib takes each from a font that has it (`png`).

>>> plain("tab\\tand\\n bell \\x07")
'tab\\tand⏎\\n bell ␇'
>>> visible(" "), visible("\\n"), quoted("two\\nlines")
('␣', '⏎', '“two⏎lines”')
"""

import io
import unicodedata
import warnings
from contextlib import suppress
from typing import Any

USUAL = "DejaVu Sans"  # the font of matplotlib
# What would not be seen, or would turn round the characters after it, shows as a sign or a number.
_UNSEEN = (0xAD, 0x61C, 0x180E, 0x200B, 0x200E, 0x200F, *range(0x2028, 0x202F), 0xFEFF)
_SIGNS = {
    **{c: chr(0x2400 + c) for c in range(0x20)},
    **{c: f"⟨{c:X}⟩" for c in (*range(0x80, 0xA0), *_UNSEEN, *range(0x2060, 0x2070))},
    **dict.fromkeys(range(0xD800, 0xE000), "\N{REPLACEMENT CHARACTER}"),  # half of a character
    **{0x7F: "␡", ord("\n"): "⏎\n", ord("\t"): "\t"},
}


def plain(text: str) -> str:
    """A text with every character to be seen: ⏎ before a line end, signs for control characters."""
    return text.translate(_SIGNS)


def on_one_line(text: str) -> str:
    """The same, without its line ends and tabs: ⏎ and ⇥ alone."""
    return plain(text).replace("\n", "").replace("\t", "⇥")


def visible(character: str) -> str:
    """A character, or a word, as it stands by itself: a space is ␣.

    A mark that needs a letter gets a ring.
    """
    if len(character) == 1 and unicodedata.category(character)[0] == "M":
        return "◌" + character
    return "␣" if character == " " else on_one_line(character)


def png(figure: Any) -> bytes:
    """A figure of matplotlib, with each character from a font that has it, if any here does."""
    from matplotlib.text import Text

    look = {"format": "png", "dpi": 110, "bbox_inches": "tight", "facecolor": "white"}
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph")  # what no font has is a box
        figure.savefig(file := io.BytesIO(), **look)
        texts = figure.findobj(Text)  # those along an axis are known only now
        if others := _fonts_beside("".join(text.get_text() for text in texts)):
            for text in texts:
                text.set_fontfamily([USUAL, *others])
            figure.savefig(file := io.BytesIO(), **look)
    return file.getvalue()


def _fonts_beside(text: str) -> list[str]:
    """The fonts of this computer, by name, that have what the USUAL one lacks of this text."""
    from matplotlib import font_manager
    from matplotlib.ft2font import FT2Font

    def lacking(path: str) -> set[str]:
        font = FT2Font(path)
        return {c for c in wanted if not font.get_char_index(ord(c))}

    names, wanted = [], {c for c in text if c.isprintable()}
    wanted = lacking(font_manager.findfont(USUAL))
    for entry in font_manager.fontManager.ttflist if wanted else ():
        if "last" not in entry.name.lower():  # a font of last resort has a box for each character
            with suppress(RuntimeError, OSError):
                if (left := lacking(entry.fname)) < wanted:
                    names, wanted = [*names, entry.name], left
    return names


def quoted(text: str, most: int = 24) -> str:
    """The beginning of a text in quotation marks, on one line."""
    return f"“{on_one_line(text[:most])}{'…' * (len(text) > most)}”"
