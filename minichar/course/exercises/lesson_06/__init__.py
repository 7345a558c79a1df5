"""The exercises of lesson 06: the LSTM forward and backward, how long it keeps, and the GRU."""
