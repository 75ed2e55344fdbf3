"""How close is a clone to its owner? Lets a voice speak in held-out contexts and measures what it says.

Knows a Voice and the clone folder; what is measured lies in `likeness`, which knows neither.
"""
