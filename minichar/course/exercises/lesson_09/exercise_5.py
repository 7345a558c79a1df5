"""Exercise 9.5: `flops(T, B, V, H)`, the FLOPs of the products in one training step."""

from minichar.course.checking import call, exercise, same


def flops(T, B, V, H):
    return 3 * 2 * T * B * H * (4 * H + V)


@exercise(
    "9.5",
    "how much there is to compute",
    answer=flops,
    hints=[
        (
            "How much is one product?",
            "(B, H) @ (H, 4H) has B · 4H results, each a sum of H products: B · 4H · H multiplications and "
            "as many additions. 2 · B · H · 4H.",
        ),
        (
            "Which products are there?",
            "Three with the size of Whh at each step: forward, back to the state before, and the weights' "
            "gradient. And three with the size of Why.",
        ),
    ],
    wrong={
        "multiplications only": lambda T, B, V, H: flops(T, B, V, H) // 2,
        "forward only": lambda T, B, V, H: flops(T, B, V, H) // 3,
        "the weights' gradient forgotten": lambda T, B, V, H: flops(T, B, V, H) // 3 * 2,
        "H in place of 4H": lambda T, B, V, H: 6 * T * B * H * (H + V),
        "the read-out forgotten": lambda T, B, V, H: 6 * T * B * H * 4 * H,
        "the read-out forward only": lambda T, B, V, H: 6 * T * B * H * 4 * H + 2 * T * B * H * V,
        "the gather counted as a product": lambda T, B, V, H: (
            flops(T, B, V, H) + 4 * T * B * V * 4 * H
        ),
        "Wxh counted like the other two": lambda T, B, V, H: (
            flops(T, B, V, H) + 6 * T * B * V * 4 * H
        ),
        "B left out": lambda T, B, V, H: flops(T, 1, V, H),
        "T left out": lambda T, B, V, H: flops(1, B, V, H),
        "4H for the read-out, too": lambda T, B, V, H: 6 * T * B * 4 * H * (H + V),
    },
)
def _(f):
    for T, B, V, H in ((5, 7, 11, 13), (1, 1, 1, 1), (40, 16, 96, 64), (1, 1, 96, 512)):
        same(f"flops({T}, {B}, {V}, {H})", call(f, T, B, V, H), flops(T, B, V, H))
