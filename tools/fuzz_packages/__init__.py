"""Damages invented data packages in every way that is known, imports them, and checks that each ends as it may end.

    python -m tools.fuzz_packages --cases 100000 --seed 0 --jobs 2

A case ends well if its messages come with an exact account, or if it is refused in a sentence. A traceback, a hang, a
row or a file that is neither kept nor counted, and a message lost from a package whose damage loses none are faults;
each is printed with the command that repeats it.
"""
