"""The exercises of lesson 09: fair timing, a gather's way back, one product, one tanh, FLOPs."""
