"""A text in pieces that Discord takes."""

LONGEST = 2_000  # characters of one message
_ENDS = ("\n", ". ", "! ", "? ", "… ", " ")


def pieces(text: str, longest: int = LONGEST) -> list[str]:
    """`text` cut at the last line's end that fits, else at a sentence's, else at a word's, else anywhere."""
    cut: list[str] = []
    text = text.strip()
    while len(text) > longest:
        end = _cut(text, longest)
        cut.append(text[:end].rstrip())
        text = text[end:].lstrip()
    return [*cut, text] if text else cut


def _cut(text: str, longest: int) -> int:
    """Where the first piece ends: not in its first half, if any end is later than that."""
    for end in _ENDS:
        at = text.rfind(end, longest // 2, longest + 1 - len(end.rstrip(" ")))
        if at >= 0:
            return at + len(end.rstrip())
    return longest
