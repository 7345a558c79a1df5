"""The exercises of lesson 12: bars of a tune, what closes what, new names, and how near is near."""
