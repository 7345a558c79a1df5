"""The exercises of lesson 00: pairs of characters, numbers for them, one-hot rows, and slopes."""
