"""A voice on Discord: what is heard, whether to answer, what is sent.

A file a step, in the order a message takes them: `heard`, `filter`, `bursts`, `decide`, `buckets`, `waiting`, put
together in `pipeline`; then `speaker`, `pacing`, `pieces`, `delivery`. All of the first row take the time as an
argument and touch no network. `bot` is the only one that meets discord.py's client, `commands` what people type.
"""
