"""An invented person's chat export, so that everything can be tried without one's own data.

`EXPORT` is a Discord data package (June 2025 layout) with some 7,000 messages of one year. `tools/make_demo` wrote it.
"""

from pathlib import Path

EXPORT = Path(__file__).with_name("package.zip")

OPENERS: list[tuple[str, str]] = [
    ("juno", "moth are you awake"),
    ("tuck", "how is keith"),
    ("odile", "how was work, did anyone hand in something weird"),
    ("bram", "what did you eat today"),
    ("mags", "did you sleep at all"),
    ("juno", "what are you doing tonight"),
    ("odile", "is cereal soup yes or no"),
    ("tuck", "what film should we watch on sunday"),
    ("bram", "did brenda survive the rain"),
    ("juno", "i had a terrible day"),
    ("tuck", "are we going to win the quiz"),
    ("odile", "best soup right now"),
    ("mags", "ok go to bed, good night"),
]
"""What friends say to the clone in the sample conversation: (name, text)."""

TEMPERATURE = 0.7
"""Of the sample conversation: readers found most of its replies to fit there, the fewest at 1 (LOG.md)."""
