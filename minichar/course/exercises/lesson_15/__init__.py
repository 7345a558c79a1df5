"""The exercises of lesson 15: attention weights, the operator of the scan, the scan, layer norm."""
