"""What a picture of the package holds, as a browser would see it, and what a widget does."""

import base64
import io
from html.parser import HTMLParser

from matplotlib.colors import to_rgb
from matplotlib.image import imread

NASTY = '<i>&"'  # what a text may hold and HTML must not take for its own
VOCABULARY = "\n $&\"'<>ab"


class Page(HTMLParser):
    """What a browser would make of some HTML: the elements with their attributes, and the text."""

    def __init__(self, content):
        super().__init__()
        self.elements, self.text = [], ""
        self.feed(content)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))

    def handle_data(self, data):
        self.text += data

    def all(self, name):
        return [attributes for tag, attributes in self.elements if tag == name]


def image(picture):
    """The pixels (height, width, 3), from 0 to 1, of a picture's one image."""
    [attributes] = Page(picture.html).all("img")
    data = base64.b64decode(attributes["src"].removeprefix("data:image/png;base64,"))
    return imread(io.BytesIO(data), format="png")[..., :3]


def pixels_of(picture, colour):
    return int((abs(image(picture) - to_rgb(colour)) < 0.02).all(axis=-1).sum())


def parts(widget):
    """A widget and all that it holds."""
    yield widget
    for child in getattr(widget, "children", ()):
        yield from parts(child)
