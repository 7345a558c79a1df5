"""Exercise 4.3: `loop(text)`, the shortest piece that comes three times at the end of a text."""

from minichar.course.checking import call, exercise, same


def loop(text):
    for n in range(1, len(text) // 3 + 1):
        if text[-n:] * 3 == text[-3 * n :]:
            return text[-n:]
    return ""


def _longest_loop(text):
    found = [text[-n:] for n in range(1, len(text) // 3 + 1) if text[-n:] * 3 == text[-3 * n :]]
    return found[-1] if found else ""


def _loop_of(times):
    def wrong(text):
        for n in range(1, len(text) // times + 1):
            if text[-n:] * times == text[-times * n :]:
                return text[-n:]
        return ""

    return wrong


@exercise(
    "4.3",
    "the loop",
    answer=loop,
    hints=[
        (
            "How long may the piece be?",
            "From 1 to a third of the text: it must fit in three times.",
        ),
        (
            "How do I test one length n?",
            "Compare the last 3 n characters of the text with its last n characters times three.",
        ),
        (
            "Which one if there are several?",
            "The shortest: go up from n = 1 and return the first that fits.",
        ),
    ],
    wrong={
        "the longest piece": _longest_loop,
        "twice is enough": _loop_of(2),
        "four times": _loop_of(4),
        "gives up when one length does not fit": lambda text: (
            text[-1:] if len(text) >= 3 and text[-3:] == 3 * text[-1:] else ""
        ),
        "anywhere, not at the end": lambda text: next(
            (
                text[s : s + n]
                for n in range(1, len(text) // 3 + 1)
                for s in range(len(text) - 3 * n + 1)
                if text[s : s + n] * 3 == text[s : s + 3 * n]
            ),
            "",
        ),
        "its last piece three times somewhere": lambda text: next(
            (text[-n:] for n in range(1, len(text) // 3 + 1) if text[-n:] * 3 in text), ""
        ),
        "its length": lambda text: len(loop(text)),
        "always something": lambda text: loop(text) or text[-1:],
    },
)
def _(f):
    for text in (
        "haaaa",
        "hello anna\nanna\nanna\n",
        "lalala",
        "xaaaaaa",
        "abcabc",
        "hello",
        "aaab",
        "aaabaa",
        "ababab" * 2,
        "ab",
    ):
        same(f"loop({text!r})", call(f, text), loop(text))
