"""The exercises of lesson 12: bars of a tune, what closes what, shares, and how near is near."""
