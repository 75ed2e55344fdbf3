"""Reactions that a phone sent as a text of their own, since the other phone could not show them.

Loved “see you”              iPhones, in the language of who reacts
Laughed at an image
👍 to “see you”              Google Messages, with invisible characters around the emoji and the quoted text
"""

import re

_IPHONE = (
    r"(?:Loved|Liked|Disliked|Laughed at|Emphasi[sz]ed|Questioned|Reacted \S{1,8} to|Removed an? [\w ]{3,20} from)",
    r"(?:Le encantó|(?:No l|L)e gustó|Le dio risa|Exclamó por|Dudó sobre|Reaccionó con \S{1,8} a)",
    r"(?:A (?:aimé|adoré)|N[’']a pas aimé|[Aa] réagi avec \S{1,8} à)",
)
_WHAT = (
    r"(?:[“\"].*[”\"]|«.*»"
    r"|an? (?:image|photo|video|movie|attachment|audio message|voice message|sticker|link|location|contact)"
    r"|una? (?:imagen|foto|v[ií]deo|archivo adjunto|mensaje de audio|sticker)"
    r"|une? (?:image|photo|vidéo|pièce jointe|message audio|autocollant))"
)
_FROM_IPHONE = re.compile(rf"(?:{'|'.join(_IPHONE)}) {_WHAT}", re.DOTALL)
_FROM_GOOGLE = re.compile(r"\u200a?[\u200b\u200c]\S{1,16}[\u200b\u200c] .*\u200a.*", re.DOTALL)


def is_worded_tapback(text: str) -> bool:
    """Whether a text message only says that its author reacted to another."""
    return bool(_FROM_IPHONE.fullmatch(text.strip()) or _FROM_GOOGLE.fullmatch(text))
