"""How messages become documents: every setting, and the names of the splits."""

from dataclasses import dataclass

from soundalike.errors import RecipeError

SPLITS = ("train", "valid", "test")
WINDOW_TOKENS, BYTES_PER_TOKEN = 256, 2.5


@dataclass(frozen=True, slots=True)
class DocumentSettings:
    """How messages become documents. `RecipeError` for a value outside its range."""

    gap_minutes: float = 15.0
    """A longer silence in a channel ends a conversation."""
    max_run: int = 3
    """Identical messages in a row that are kept: more would teach loops."""
    window_bytes: int = int(WINDOW_TOKENS * BYTES_PER_TOKEN)
    """Largest document in bytes; longer conversations are cut between messages."""
    others_weight: float = 0.2
    """Weight of the loss on other people's lines; that of the owner's lines is 1."""
    near_lines: int = 4
    """Before a reply to a message that is not among so many lines before it stands that message, shortened."""
    tagged: bool = True
    """Whether lines begin with the speaker's name."""
    shares: tuple[float, float, float] = (0.8, 0.1, 0.1)
    """Shares of the messages for training, validation and test, in order of time."""

    def __post_init__(self) -> None:
        _check(self.gap_minutes > 0, "gap_minutes", self.gap_minutes, "a number of minutes above 0")
        _check(self.max_run >= 1, "max_run", self.max_run, "1 or more")
        _check(self.window_bytes >= 64, "window_bytes", self.window_bytes, "64 or more")
        _check(self.near_lines >= 0, "near_lines", self.near_lines, "0 or more")
        _check(0 <= self.others_weight <= 1, "others_weight", self.others_weight, "a number from 0 to 1")
        fair = len(self.shares) == 3 and min(self.shares) >= 0 < self.shares[0] and abs(sum(self.shares) - 1) < 1e-6
        _check(fair, "shares", self.shares, "three numbers from 0 to 1 that sum to 1, the first above 0")


def _check(holds: bool, name: str, value: object, expected: str) -> None:
    if not holds:
        raise RecipeError(f"{name} is {value}.", f"Give {expected}.")
