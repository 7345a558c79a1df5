"""The exercises of lesson 04: temperature, greedy, loops, top-k, the nucleus, and beam search."""
