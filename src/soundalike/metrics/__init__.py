"""How alike two people write, and every statistic of the house: pure functions on messages, in numpy and Polars.

No engine, voice or clone folder is read here; `evaluation` lets a voice write and measures it with these.
"""
