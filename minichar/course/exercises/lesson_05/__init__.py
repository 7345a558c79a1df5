"""The exercises of lesson 05: Jacobians and their products, the spectral radius, clipping, a start."""
