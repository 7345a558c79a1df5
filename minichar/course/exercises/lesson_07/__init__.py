"""The exercises of lesson 07: slopes, the order, the backward pass, broadcasting, RNN and LSTM."""
