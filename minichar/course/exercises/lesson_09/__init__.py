"""Exercises of lesson 09: fair timing, a gather's backward pass, one product, one tanh, FLOPs."""
