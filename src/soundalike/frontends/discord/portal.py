"""What only a person can do, on Discord's own pages, in the words that these pages use."""

from urllib.parse import urlencode

PORTAL = "https://discord.com/developers/applications"
# View Channels, Send Messages, Read Message History, Send Messages in Threads
PERMISSIONS = 1 << 10 | 1 << 11 | 1 << 16 | 1 << 38

TOKEN = f"In {PORTAL}: your application, Bot, Reset Token; then: export DISCORD_TOKEN=..."
INTENT = (
    f"In {PORTAL}: your application, Bot, switch on Message Content Intent; or set message_content = false in "
    "discord.toml, and it sees only what mentions it."
)


def invitation(application: int) -> str:
    """The link with which the bot is invited to a server, with the scopes and permissions that it needs."""
    asked = {"client_id": application, "scope": "bot applications.commands", "permissions": PERMISSIONS}
    return f"https://discord.com/oauth2/authorize?{urlencode(asked)}"
