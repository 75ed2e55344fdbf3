"""Commands for those who work on soundalike; no part of what is installed."""
