"""The owner, the friends, the channels, and what holds on a given day.

Everything is invented. Ids look like snowflakes and belong to nobody.
"""

from dataclasses import dataclass
from datetime import date, datetime

YEAR = 2025
OWNER = "moth"
OWNER_ID = 612345678901234567

FRIENDS = {
    "juno": 623456789012345678,
    "odile": 634567890123456789,
    "tuck": 645678901234567890,
    "bram": 656789012345678901,
    "mags": 667890123456789012,
}

EMOJI = {
    "pigeonstare": 1190000000000000101,
    "pigeonspin": 1190000000000000102,
    "soup": 1190000000000000103,
    "brenda": 1190000000000000104,
    "objection": 1190000000000000105,
}
ANIMATED = {"pigeonspin"}

SERVERS = {
    "soup court": 1180000000000000201,
    "line 9 lost property": 1180000000000000202,
    "turnip barons": 1180000000000000203,
}


@dataclass(frozen=True)
class Channel:
    """One channel of the export.

    `share`: weight among channels for ordinary chatter; `talk`: weights of topics; `partner`: the other person of a
    direct message.
    """

    key: str
    id: int
    type: str
    name: str | None
    server: str | None
    share: float
    talk: dict[str, float]
    partner: str | None = None
    recipients: tuple[str, ...] = ()

    @property
    def label(self) -> str | None:
        """Its label in Messages/index.json."""
        if self.partner:
            return f"Direct Message with {self.partner}#0"
        return f"{self.name} in {self.server}" if self.server else self.name


SMALL_TALK = {
    "howareyou": 1.0,
    "awake": 1.6,
    "sleep": 1.0,
    "eat": 1.0,
    "tonight": 1.0,
    "coming": 0.7,
    "doing": 1.0,
    "weather": 1.0,
    "thanks": 0.6,
    "sorry": 0.5,
    "comfort": 0.7,
    "congrats": 0.5,
    "advice": 1.0,
    "compliment": 0.5,
    "miss": 0.4,
    "ask": 0.8,
    "agree": 0.7,
    "disagree": 0.7,
    "opinion": 1.6,
    "threeam": 1.6,
    "self": 0.7,
    "day": 1.2,
    "dream": 1.0,
    "friends": 0.8,
    "laundry": 1.0,
    "money": 0.4,
    "boiler": 0.6,
}
_HOME = {"keith": 0.8, "trombone": 1.5, "brenda": 0.8, "work": 0.7, "machine": 0.8, "soup": 0.7}
_CROWD = _HOME | {"tuck": 0.8, "odile": 0.8}
_COURT = {"soup": 2.0, "case": 2.0, "rule": 1.5, "odile": 0.5}
_FILMS = {"film": 1.0, "tuck": 0.6, "rule": 0.3}
_OFFICE = {"machine": 1.5, "work": 1.0}


def _in_servers() -> list[Channel]:
    court, office, farm = SERVERS
    text = "GUILD_TEXT"
    return [
        Channel("general", 1181000000000000301, text, "general-evening", court, 28, _CROWD),
        Channel("rulings", 1181000000000000302, text, "soup-rulings", court, 9, _COURT),
        Channel("keithwatch", 1181000000000000303, text, "keith-watch", court, 10, {"keith": 1.0}),
        Channel("films", 1181000000000000304, text, "film-night", court, 4, _FILMS),
        Channel("bikes", 1181000000000000305, text, "bike-incidents", court, 4, {"brenda": 1.0}),
        Channel("cereal", 1181000000000000306, "PUBLIC_THREAD", "is cereal soup", court, 3, {"case": 1.0}),
        Channel("break", 1182000000000000307, text, "break-room", office, 7, _OFFICE),
        Channel("whatis", 1182000000000000308, text, "what-even-is-this", office, 6, {"work": 1.0}),
        Channel("turnips", 1183000000000000309, text, "trading-post", farm, 4, {"game": 1.0}),
    ]


def _direct() -> list[Channel]:
    def dm(key: str, number: int, share: float, talk: dict[str, float]) -> Channel:
        return Channel(key, 1184000000000000000 + number, "DM", None, None, share, talk, key, (key,))

    quiz = {"quiz": 1.0, "friends": 0.4}
    return [
        dm("juno", 310, 12, _HOME | {"juno": 1.5}),
        dm("mags", 311, 8, {"mags": 1.5, "keith": 0.6}),
        dm("bram", 312, 6, {"bram": 1.5, "eat": 0.5}),
        Channel("quiz", 1184000000000000313, "GROUP_DM", "the wrong answers", None, 4, quiz, None, tuple(FRIENDS)),
        Channel("gone", 1184000000000000314, "DM", None, None, 1, {"soup": 1.0}, None, ("Deleted User",)),
    ]


CHANNELS = {channel.key: channel for channel in _in_servers() + _direct()}

# First and last (month, day) of a fact; scenes refer to facts by name.
_SPANS = {
    "named": ((2, 18), (12, 31)),
    "egg": ((4, 24), (12, 31)),
    "moved": ((6, 8), (12, 31)),
    "stolen": ((4, 3), (6, 13)),
    "accountant": ((8, 20), (12, 31)),
    "kiosk": ((9, 8), (12, 31)),
    "basement": ((11, 12), (12, 31)),
}
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def facts_at(local: datetime) -> frozenset[str]:
    """The names of all facts at a local time: of the story, the weekday and the hour."""
    names = {name for name, (first, last) in _SPANS.items() if first <= (local.month, local.day) <= last}
    names.add(_WEEKDAYS[local.weekday()])
    if local.hour >= 22 or local.hour < 5:
        names.add("late")
    return frozenset(names)


def open_channels(day: date) -> list[Channel]:
    """The channels in use on a day: one conversation partner leaves in spring."""
    return [c for c in CHANNELS.values() if c.key != "gone" or day.month < 4]
