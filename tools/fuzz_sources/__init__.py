"""Damages the example exports of every source in every way that is known, reads them, and checks how each ends.

    python -m tools.fuzz_sources --cases 10000 --seed 0 --source telegram

Run it in the repository's root: the examples are those of the tests. A case ends well if its messages come with an
exact account, or if it is refused in a sentence. A traceback, more than ten seconds, a row that is neither kept nor
counted, and a frame unlike the promised one are faults; each is printed with the command that repeats it.
"""
