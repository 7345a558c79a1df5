"""The exercises of lesson 14: a name for settings, error bars, shares of a batch, the ring, limits."""
