"""The exercises of lesson 03: the network forward, backward in named pieces, Adagrad, and new names."""
