"""What the owner can make the bot do, and what anyone can; each gives the sentence to say back.

Knows neither discord.py nor who is an owner: `commands` asks only for those who may.
"""

import json
import os
from pathlib import Path

from soundalike.clone.folder import disk_errors
from soundalike.frontends.discord import settings as files
from soundalike.frontends.discord.buckets import Buckets
from soundalike.frontends.discord.clock import Clock
from soundalike.frontends.discord.health import Health
from soundalike.frontends.discord.memory import Memory
from soundalike.frontends.discord.pipeline import Pipeline
from soundalike.frontends.discord.turns import Turns

REPORTS = "discord-reports.jsonl"
REPORTS_BYTES = 1_000_000
REPORTS_A_MINUTE = 2.0


def about(owner: str) -> str:
    """What the bot is, for whoever asks."""
    return (
        f"I am a computer model that writes in the style of {owner}. I am not {owner}, and what I say is made up. "
        "To answer I look at the last messages of this channel; I keep them in memory only and learn nothing from "
        "them. `/soundalike opt-out`: I never answer or read you. `/soundalike report`: something is wrong."
    )


def introduction(owner: str) -> str:
    """The first message in a channel."""
    return f"(I am a model in the style of {owner}, not {owner}. What I say is made up. More: `/soundalike about`)"


class Control:
    """Commands as functions; they break off those of `turns` that are under way."""

    def __init__(
        self,
        owner: str,
        settings: files.SettingsFile,
        memory: Memory,
        pipeline: Pipeline,
        health: Health,
        turns: Turns,
        clock: Clock,
    ) -> None:
        self._owner, self._settings, self._memory, self._pipeline = owner, settings, memory, pipeline
        self._health, self._turns, self._clock = health, turns, clock
        self._began = clock.now()
        self._reporters = Buckets()

    def here(self, channel: str) -> str:
        """Allow a channel."""
        self._settings.change(lambda document: files.set_in_channel(document, channel))
        return f"I am here. {about(self._owner)}"

    def leave(self, channel: str) -> str:
        """Allow a channel no longer, and forget it."""
        self._settings.change(lambda document: files.unlist(document, channel))
        self._quiet(channel)
        return "I have left this channel and forgotten what was said."

    def hush(self) -> str:
        """Say nothing anywhere, at once, until `resume`."""
        self._memory.now.hushed = True
        self._pipeline.drop("hushed")
        self._turns.stop()
        self._memory.save()
        return "Hushed everywhere. `/soundalike resume` lets me speak again."

    def resume(self) -> str:
        """End a hush."""
        self._memory.now.hushed = False
        self._memory.save()
        return "I may speak again."

    def probability(self, channel: str, value: float) -> str:
        """Set how often it joins in unasked in a channel."""
        return self._set(channel, "probability", value)

    def temperature(self, channel: str, value: float) -> str:
        """Set how freely it speaks in a channel."""
        return self._set(channel, "temperature", value)

    def _set(self, channel: str, name: str, value: float) -> str:
        if channel not in self._settings.now.channels:
            return "This channel is not one of mine. `/soundalike here` first."
        self._settings.change(lambda document: files.set_in_channel(document, channel, **{name: value}))
        return f"The {name} in this channel is now {value:g}."

    def forget(self, channel: str) -> str:
        """Forget what was said in a channel."""
        return f"I have forgotten {self._quiet(channel)} messages of this channel."

    def _quiet(self, channel: str) -> int:
        self._turns.stop(channel)
        return self._pipeline.forget(channel)

    def status(self, channel: str) -> str:
        """What it does, and what became of all it heard."""
        settings, ledger = self._settings.now, self._pipeline.ledger
        hours = (self._clock.now() - self._began) / 3600
        state = (
            "hushed" if self._memory.now.hushed else f"model away ({self._health.why})" if self._health.away else "up"
        )
        listed = "listed" if channel in settings.channels else "not listed"
        lines = [
            f"{state}, {hours:.1f} hours; this channel is {listed}, probability {settings.probability(channel):g}",
            f"heard {ledger.heard}, pending {ledger.pending}, shed {ledger.shed}",
            *(f"{count} {fate}" for fate, count in ledger.fates.most_common()),
        ]
        return "\n".join(lines)[:1_900]

    def about(self) -> str:
        """What it is."""
        return about(self._owner)

    def opt_out(self, person: str) -> str:
        """Never answer or read a person again."""
        self._memory.now.opted_out.add(person)
        self._pipeline.opt_out(person)
        self._turns.stop_person(person)
        self._memory.save()
        return "From now on I neither answer nor read you. `/soundalike opt-in` takes it back."

    def opt_in(self, person: str) -> str:
        """Take an opt-out back."""
        self._memory.now.opted_out.discard(person)
        self._memory.save()
        return "I may answer you again."

    def report(self, person: str, channel: str, text: str) -> str:
        """Note a problem for the owner, with what the bot last said there."""
        if self._reporters.left(person, self._clock.now(), REPORTS_A_MINUTE) < 1:
            return "I have your reports. Try again in a minute."
        self._reporters.take(person, self._clock.now(), REPORTS_A_MINUTE)
        said = self._pipeline.context.own_lines(channel)[-5:]
        path = self._settings.path.with_name(REPORTS)
        if not note(path, {"at": self._clock.wall(), "channel": channel, "person": person, "text": text, "said": said}):
            return "There are too many reports already. Please tell the owner of this bot directly."
        return "Thank you. The owner of this bot will find it."


def note(path: Path, report: dict[str, object]) -> bool:
    """Add a line to a private file, unless that is full; `CloneError` where the disk refuses."""
    if path.exists() and path.stat().st_size > REPORTS_BYTES:
        return False
    with disk_errors(path):
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with open(handle, "w", encoding="utf-8") as file:
            file.write(json.dumps(report, ensure_ascii=False) + "\n")
    return True
