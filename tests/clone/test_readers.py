"""Readers of a clone while another process replaces what is in it."""

import subprocess
import sys
from pathlib import Path

from soundalike.clone import Clone

WRITER = """
import sys
from itertools import count, takewhile
from pathlib import Path
from soundalike.clone import Clone, integrity
from soundalike.clone.clone import MANIFEST

clone, enough = Clone.claim(sys.argv[1]), Path(sys.argv[2])
with clone.locked("soundalike train"):
    for number in takewhile(lambda _: not enough.exists(), count()):
        with clone.replacing() as scratch:
            (scratch / "adapter").mkdir()
            for name in ("one", "two"):
                (scratch / "adapter" / name).write_bytes(str(number).encode())
            hashes = integrity.digests(scratch / "adapter")
            training = {"base": "markov", "window": number + 1}
            (scratch / MANIFEST).write_bytes(clone.manifest_with(training=training, result={"adapter": hashes}))
        if not number:
            print("ready", flush=True)
"""


def test_a_reader_beside_a_writer_sees_one_state(tmp_path: Path) -> None:
    """No error, and never the files of one replacement with the manifest or a file of another."""
    seen, enough = set[int](), tmp_path / "enough"
    command = [sys.executable, "-c", WRITER, str(tmp_path / "me"), str(enough)]

    def read() -> tuple[int, str, str]:
        assert clone.has_voice
        window = clone.manifest()["training"]["window"]
        one, two = (path.read_text() for path in sorted(clone.intact_adapter().iterdir()))
        return window - 1, one, two

    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout and writer.stdout.readline() == "ready\n"
        while writer.poll() is None and len(seen) < 20:
            clone = Clone.open(tmp_path / "me")
            number, one, two = clone.consistent(read)
            assert str(number) == one == two
            seen.add(number)
        enough.touch()
    assert writer.returncode == 0 and len(seen) == 20
