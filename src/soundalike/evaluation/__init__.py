"""How close is a clone to its owner? A voice answers held-out conversations, and what it writes is measured.

The measures themselves are in `metrics`, which knows neither voices nor clone folders.
"""
