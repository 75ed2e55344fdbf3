"""What people type besides words: laughter, faces, abbreviations. Patterns for the regular expressions of Polars.

The lists hold what is common in chats of several languages; any other language is still measured by everything that
needs no list (lengths, endings, casing, stretching, emoji).
"""

_PICTURE = r"[\p{Extended_Pictographic}--[©®™‼⁉↔-↪]]"
_TONE = r"(?:\p{Emoji_Modifier}|\x{FE0F}|\x{20E3}|[\x{E0020}-\x{E007F}])*"
EMOJI = rf"(?:\p{{Regional_Indicator}}{{2}}|{_PICTURE}{_TONE}(?:\x{{200D}}{_PICTURE}{_TONE})*)"
"""One emoji as it is seen: a flag, a skin tone or a joined family is one."""

CUSTOM_EMOJI = r":[A-Za-z_][\w~]{1,31}:"
EMOTICON = (
    r"(?:^|\s)(?:[:;=8xX]['`]?[-o^]?[)(\]\[DPpOo3/\\|*]+|[:;]['`]?-?[sScC]|<3+|\^[_.]*\^|[oO0][._][oO0]|[tT][._][tT]|"
    r";[._]+;|>[._]+<|-[._]+-|u[._]u|¯\\_\(ツ\)_/¯|\(╯.{0,6}┻)"
)

# Families of laughs, by language or form, the most specific first. `\b` is Unicode's.
LAUGHTER: dict[str, str] = {
    "lmao": r"(?i:\bl+m+f*a+o+\b)",
    "rofl": r"(?i:\brofl(?:mao)?\b)",
    "lol": r"(?i:\b(?:l+[ou]+l+(?:[ou]+l+)*[sz]?|lel|kek)\b)",
    "xd": r"(?i:\bx+d+\b)",
    "hehe": r"(?i:\b(?:h+e+){2,}h*\b)",
    "hihi": r"(?i:\b(?:h+i+){2,}h*\b)",
    "haha": r"(?i:\b[bm]?w?a*(?:h+a+){2,}h*\b|\ba+h+a+h+[ah]*\b)",
    "jaja": r"(?i:\ba?(?:j+[aei]+){2,}j*\b)",
    "kkk": r"(?i:\bk{3,}\b|ㅋ{2,}|ㅎ{2,})",
    "rsrs": r"(?i:\b(?:rs){2,}\b)",
    "wkwk": r"(?i:\b(?:w+k+){2,}w*\b)",
    "mdr": r"(?i:\b(?:p?tdr+|mdr+)\b)",
    "хаха": r"(?i:\b[ао]*(?:х+[аеио]+){2,}х*\b)",
    "χαχα": r"(?i:\b(?:χ+[αάε]+){2,}χ*\b)",
    "ههه": r"ه{3,}|ח{3,}",
    "哈哈": r"[哈呵嘿]{2,}|\b23{2,}\b",
    "www": r"(?:^|[^\x00-\x7F]|\s)[wｗ]{2,}(?:$|\s)|[(（]笑[)）]|[笑草]$",
    "555": r"(?:^|\p{Thai}|\s)5{3,}\+*\s*$",
    "smash": (
        r"(?i:\b[asdfghjkl;]{2,}(?:sd|df|fg|gh|hj|jk|kl|lk|kj|jh|hg|gf|fd|ds|sk|ks|dj|jd|js|sj)[asdfghjkl;]{3,}\b)"
    ),
    "emoji": r"[😂🤣😹😆💀☠]",
}

# Short forms by language: English, then Spanish, French, Portuguese, German where they are no words of another.
ABBREVIATIONS = (
    "u ur r rn ngl idk idc idek tbh imo imho btw omg omfg wtf wth brb gtg afk nvm ofc pls plz thx ty tysm np smh fr "
    "ong istg ikr bc cuz cus coz tho tmr tmrw w b4 gr8 m8 l8r yk wyd hbu wbu ily jk fyi afaik iirc tldr gg dm ppl "
    "def prolly probs obv obvs rly srsly sry msg bday abt "
    "xq tmb tqm pq porfa stp svp jsp jpp tkt mtn vc blz vlw tbm vllt iwie kp hdl lg"
).split()

# Contractions without their apostrophe, but for those that are words of their own (ill, well, were, id, its).
UNMARKED = (
    "im ive dont doesnt didnt cant couldnt wont wouldnt shouldnt isnt arent wasnt werent hasnt havent hadnt aint "
    "youre youve youll youd theyre theyve theyll weve thats whats wheres heres theres whos hows hes shes itll "
    "thatll yall mustnt neednt cest jai jsuis ya"
).split()

FIRST_PERSON = (
    r"(?i)\b(?:i|i['’]?m|i['’]ve|ive|i['’]ll|i['’]d|me|my|mine|myself|ich|mich|mir|meine?[mnrs]?|je|j['’]|moi|mon|"
    r"yo|mío|eu|meu|minha|io|ja|ik|mij|jag|mig|я|мне|меня|мой|моя)\b|私|俺|僕|我|나는|내가|제가"
)
MENTION = r"(?:^|[\s(])@[\w.]"
# Redaction leaves a link's host, so a host alone is one too.
LINK = r"(?i)https?://|\bwww\.|\b(?:[a-z0-9-]+\.)+(?:com|net|org|io|gg|be|tv|me|dev|app|co|de|uk|fr|jp|ru|br|eu)\b"
# A message that only corrects a word: `*word`, `word*`.
CORRECTION = r"^\*[^*\s]+(?: [^*\s]+){0,3}$|^[^*\s]+\*$"


def any_of(words: list[str]) -> str:
    """A pattern for any of these whole words, in any case."""
    return rf"(?i)\b(?:{'|'.join(words)})\b"
