"""Turn a person's chat export into a bot that talks like them."""

__version__ = "0.1.0"
