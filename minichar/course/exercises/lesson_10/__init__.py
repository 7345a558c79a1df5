"""The exercises of lesson 10: a cell on either side, one number down, break-even, a thread."""
