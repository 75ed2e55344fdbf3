"""A portrait of the owner, as observed by a model: a clone folder -> ten cards -> one HTML page.

`findings/` turns messages and figures into cards of numbers and sentences, `pictures` draws the numbers, `page` sets
both. What a card may show is decided in `discretion`: other people are never named.
"""
