"""A voice on Discord: what is heard, whether to answer, what is sent.

A file a step, in the order a message takes them: `heard`, `filter`, `bursts`, `decide`, `buckets`, `waiting`, put
together in `pipeline`: all of these take the time as an argument and touch no network. Then `turns`, which asks
`answering` and a `speaker` for lines and has `delivery` send them, in `pieces` and at the owner's `pacing`. `bot` is
the only one that meets discord.py's client, `commands` what people type, `run` the command line.
"""
