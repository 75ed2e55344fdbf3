"""Ways to meet a voice, one file each. A frontend sees a Voice and messages, never a token or a tensor."""
