"""The exercises of lesson 01: softmax, the loss and its gradient, an update, one step, and memory."""
