"""An invented person's chat export, so that everything can be tried without one's own data.

Takes a path and gives a ZIP laid out like an official Discord data package of June 2025.
Knows nothing of the rest of the house: it is only something to read.
"""

from soundalike.demo.package import write_package
from soundalike.demo.world import OPENERS

__all__ = ["OPENERS", "write_package"]
