"""Adapts a small Llama to chats before it meets a person: a low-rank adapter of its upper layers, from conversations.

    python -m tools.adapt_base BASE_FOLDER CORPORA --out FOLDER --hours 2

A stopped run continues from its checkpoint. The adapter that it writes is added to the base's weights when the base is
converted.
"""
