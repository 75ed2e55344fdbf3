"""A prompt with which any chat model writes as the owner does: what was counted of them, and what they released."""
