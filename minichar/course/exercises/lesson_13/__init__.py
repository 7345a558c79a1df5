"""Lesson 13, other sequences: ends, masks, teacher forcing, writing, and baselines."""
