"""The exercises of lesson 02: counts, bits per character, Witten-Bell, and choosing the order."""
