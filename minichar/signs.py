"""Characters as they can be shown: all visible, and none that reverses those after it.

>>> plain("tab\\tand\\n bell \\x07")
'tab\\tand⏎\\n bell ␇'
>>> visible(" "), visible("\\n"), quoted("two\\nlines")
('␣', '⏎', '“two⏎lines”')
"""

import unicodedata

# What would not be seen, or would reverse the characters after it, shows as a sign or a number.
_UNSEEN = (0xAD, 0x61C, 0x180E, 0x200B, 0x200E, 0x200F, *range(0x2028, 0x202F), 0xFEFF)
_SIGNS = {
    **{c: chr(0x2400 + c) for c in range(0x20)},
    **{c: f"⟨{c:X}⟩" for c in (*range(0x80, 0xA0), *_UNSEEN, *range(0x2060, 0x2070))},
    **dict.fromkeys(range(0xD800, 0xE000), "\N{REPLACEMENT CHARACTER}"),  # half of a character
    **{0x7F: "␡", ord("\n"): "⏎\n", ord("\t"): "\t"},
}


def plain(text: str) -> str:
    """A text with every character visible: ⏎ before a line end, signs for control characters."""
    return text.translate(_SIGNS)


def joined(text: str) -> str:
    """A text that can be sent: its halves of characters, as JavaScript has them, put together.

    For a half without its other stands U+FFFD.
    """
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def on_one_line(text: str) -> str:
    """The same, without its line ends and tabs: ⏎ and ⇥ alone."""
    return plain(text).replace("\n", "").replace("\t", "⇥")


def visible(character: str) -> str:
    """A character, or a word, as it stands on its own: a space is ␣, one of another kind a number.

    A mark that needs a letter gets a ring.
    """
    kind = unicodedata.category(character) if len(character) == 1 else ""
    if kind[:1] == "M":
        return "◌" + character
    joiners = "\u200c", "\u200d"  # of letters
    if (kind == "Zs" and character != " ") or character in joiners:
        return f"⟨{ord(character):X}⟩"
    return "␣" if character == " " else on_one_line(character)


def quoted(text: str, most: int = 24) -> str:
    """The beginning of a text in quotation marks, on one line."""
    return f"“{on_one_line(text[:most])}{'…' if len(text) > most else ''}”"
