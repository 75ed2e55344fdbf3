"""Every script of the pages parses: a name declared twice leaves a page empty, and only a browser would say so."""

from pathlib import Path
from subprocess import run

import playwright
import pytest

FRONTENDS = Path(__file__).parents[2] / "src" / "soundalike" / "frontends"
NODE = Path(playwright.__file__).parent / "driver" / "node"


@pytest.mark.parametrize("script", sorted(FRONTENDS.rglob("*.js")), ids=lambda path: str(path.relative_to(FRONTENDS)))
def test_a_script_parses(script: Path) -> None:
    """Node reads from its input as a module, which is how every page loads its scripts."""
    text = script.read_text("utf-8")
    check = run([NODE, "--input-type=module", "--check"], input=text, text=True, capture_output=True, check=False)
    assert check.returncode == 0, check.stderr
