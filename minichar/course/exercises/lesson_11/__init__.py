"""The exercises of lesson 11: a feature, choosing and confirming, luck, slopes, a cell held still."""
