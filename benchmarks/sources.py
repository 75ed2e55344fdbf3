"""Reading one large file of each of three programs: `sources.read` against a bare streaming parser of the same file,
which drops what it reads: ijson with yajl's C parser for JSON, expat for XML.

python -m benchmarks sources                          100,000 messages each
python -m benchmarks.sources 4000000 1 discord.json   2 GB, one round, one program
"""

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.large_exports import FORMATS
from benchmarks.side import Side, compare

COUNT, ROUNDS = 100_000, 3

READ = """
import json, sys, time
from pathlib import Path
from soundalike import sources
sources.list_sources()  # their modules are loaded before the clock starts, as the bare parsers are
started = time.process_time()
corpus, _ = sources.survey([Path(sys.argv[1])])
peak = next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM"))
assert corpus.unaccounted == 0
frame = corpus.messages.estimated_size() >> 20
seconds = time.process_time() - started
print(json.dumps({"peak": int(peak) >> 10, "frame": frame, "rows": corpus.messages.height, "seconds": seconds}))
"""
IJSON = """
import json, sys, time
import ijson.backends.yajl2_c as ijson
started = time.process_time()
with open(sys.argv[1], "rb") as file:
    rows = sum(1 for _ in ijson.items(file, "messages.item", buf_size=1 << 20))
print(json.dumps({"rows": rows, "seconds": time.process_time() - started}))
"""
EXPAT = """
import json, sys, time
from xml.etree.ElementTree import iterparse
started = time.process_time()
rows = 0
with open(sys.argv[1], "rb") as file:
    events = iterparse(file, ("start", "end"))
    _, root = next(events)
    for event, element in events:
        if event == "end" and element.tag == "sms":
            rows += 1
            root.clear()
print(json.dumps({"rows": rows, "seconds": time.process_time() - started}))
"""


def run(count: int = COUNT, rounds: int = ROUNDS, names: Sequence[str] = ()) -> None:
    """For each program print the table of processor seconds, then what memory and rows one reading took."""
    with tempfile.TemporaryDirectory() as temporary:
        for name in names or FORMATS:
            _compare(FORMATS[name](Path(temporary) / name, count), count, rounds)


def _compare(path: Path, count: int, rounds: int) -> None:
    megabytes = path.stat().st_size / 1e6
    read = [sys.executable, "-c", READ, str(path)]
    bare, code = ("ijson", IJSON) if path.suffix == ".json" else ("expat", EXPAT)
    sides = [
        Side("soundalike, the whole frame", read, "seconds"),
        Side(f"{bare} alone", [sys.executable, "-c", code, str(path)], "seconds"),
    ]
    title = f"Reading {count:,} messages of {path.name}, {megabytes:,.0f} MB"
    compare(title, "processor seconds", sides, rounds, warmup=False)
    figures = {key: Side(key, read, key).run() for key in ("peak", "frame", "rows")}
    rows, peak, frame = (figures[key] for key in ("rows", "peak", "frame"))
    print(f"{rows:,.0f} rows; peak {peak:,.0f} MB, of which the frame {frame:,.0f} MB")


if __name__ == "__main__":
    given = sys.argv[1:]
    run(int(given[0]) if given else COUNT, int(given[1]) if given[1:] else ROUNDS, given[2:])
