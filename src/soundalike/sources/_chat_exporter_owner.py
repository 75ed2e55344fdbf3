"""Who the owner of a DiscordChatExporter folder is, from its direct messages.

A direct message's channel has the other person's name, so the remaining author is the owner. Of a group's authors the
owner is one; whoever is left in all direct messages and groups is it.
"""

from dataclasses import dataclass, field


@dataclass
class OwnerVotes:
    """The possible owners by direct message or group."""

    direct: list[set[str]] = field(default_factory=list)
    groups: list[set[str]] = field(default_factory=list)

    def add(self, kind: str, title: str | None, accounts: dict[str, set[str]]) -> None:
        """Count a channel of this kind, whose authors have these names."""
        if kind == "dm":
            others = {author for author, names in accounts.items() if title in names}
            self.direct.append(set(accounts) - others)
        elif kind == "group":
            self.groups.append(set(accounts))

    def owner(self) -> str | None:
        """The author in all of them; None if there is none, or more than one."""
        for votes in ([*self.direct, *self.groups], self.direct):
            left = [vote for vote in votes if vote]
            common = set.intersection(*left) if left else set()
            if len(common) == 1:
                return common.pop()
        return None
