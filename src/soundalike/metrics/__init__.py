"""How alike two people write: pure functions on messages, in numpy and Polars.

Nothing here knows an engine, a voice or a clone folder. What needs a voice lies in `evaluate`.
"""
