"""The exercises of lesson 07: slopes, the order, the way back, broadcasting, RNN and LSTM again."""
