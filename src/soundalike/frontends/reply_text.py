"""What front ends show of a reply: its text without control characters, and what the guards did, in a sentence."""

import re

from soundalike.generation.guards import GuardCounts
from soundalike.prompt_template import UNSEEN

_UNSEEN = re.compile(UNSEEN)


def visible(text: str) -> str:
    """`text` without control characters, with which a model could move the cursor or rename the window."""
    return _UNSEEN.sub("", text)


def guard_summary(counts: GuardCounts) -> str:
    """What the guards did, in one sentence; "" if they did nothing."""
    kinds = {
        "looped": counts.looped,
        "said a line twice": counts.repeated,
        "said an earlier line again": counts.echoed,
        "said a line of yours back": counts.parroted,
        "copied a message": counts.copied,
        "copied somebody else's message": counts.quoted,
        "said a blocked word": counts.blocked,
        "said nothing but a handle": counts.handle,
        "said a rejected line": counts.rejected,
        "said private data, masked": counts.masked,
        "spoke for somebody else": counts.unmasked,
    }
    found = ", ".join(f"{count} {what}" for what, count in kinds.items() if count)
    return f"Guards: {found}; {counts.resampled} drawn again." if found else ""
