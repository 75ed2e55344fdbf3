"""Makes the built-in base model from a folder of conversations.

    python -m tools.pretrain_pocket CORPORA --out FOLDER --tokens 8_000_000

Trains the tokenizer, then the model, prints held-out bits per byte on the way, and writes a folder that plain
transformers loads. A run that was stopped continues from its last checkpoint by the same command; a finished run
continues when it is given more tokens, in another round of warm-up, full rate and decay. The result depends on the
corpora, the settings and the seed only.
"""
