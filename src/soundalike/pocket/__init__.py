"""The embedded base model: a small Llama-shaped model of short informal chat that ships inside the package."""

from pathlib import Path

FOLDER = Path(__file__).parent / "weights"
