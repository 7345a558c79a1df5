import numpy as np
from pictures import pixels_of

from minichar import diagrams, draw


def test_unrolled_gives_the_articles_numbers(written):
    z = np.array([[1.0, 2.2, -3.0, 4.1], [0.0, -1e-6, 0.0, 0.0]])
    hs = np.array([[0.0, 0.0], [0.25, -0.5], [-0.001, 1.0]])
    picture = diagrams.unrolled("hel", "helo", hs, z)
    loss = (2.0785 + np.log(4)) / 2
    said = f"after h it gives e 13%; after e it gives l 25%. Mean loss {loss:.4f} nats"
    assert repr(picture) == f"The network: {said}"
    columns = "0 1 0 0 1 0 0 0 +0.25 -0.50 +0.00 +1.00 +1.0 +2.2 -3.0 +4.1 +0.0 +0.0 +0.0 +0.0"
    assert sorted(v for v in written if v[-1:].isdigit()) == sorted(columns.split())
    labels = [v for v in written if "%" in v]
    assert [v.strip() for v in labels] == [
        *("h 4%", "e 13% ▲", "l 0%", "o 84%"),
        *("h 25%", "e 25%", "l 25% ▲", "o 25%"),
    ]
    assert '"h"' in written and '"e"' in written and '"l"' not in written


def test_unrolled_is_green_where_it_is_right():
    right, wrong = (
        diagrams.unrolled("ab", "ab", np.zeros((2, 2)), np.array([scores], float))
        for scores in ([-9, 9], [9, -9])
    )
    sure = diagrams._mix(draw.GREEN, 0.9)
    assert pixels_of(right, sure) > 100 > pixels_of(wrong, sure)


def test_through_time_says_what_is_read_and_guessed():
    said = diagrams.through_time("em a").description
    assert 'reading "em␣" and guessing "m␣a"' in said
