"""`soundalike import` against a bare unzip-and-parse of the same bytes, and against the steps of a weekend script.

The weekend's steps: unpack, `jq -c '.[]'` on every messages.json, a Polars scan of the lines, conversations by
a silence of 15 minutes, a random split, two JSONL files.
"""

import shutil
import sys
import tempfile
from pathlib import Path

from benchmarks.side import Side, compare
from benchmarks.texts import package

BARE = """
import sys, zipfile, orjson
with zipfile.ZipFile(sys.argv[1]) as archive:
    for name in archive.namelist():
        if name.endswith(".json"):
            orjson.loads(archive.read(name))
"""

WEEKEND = """
set -e
rm -rf "$2"; mkdir "$2"
"$3" -m zipfile -e "$1" "$2"
for file in "$2"/Messages/c*/messages.json; do
    channel=$(basename $(dirname "$file"))
    jq -c --arg channel "$channel" '.[] | {ID, Timestamp, Contents, channel: $channel}' "$file" >> "$2/all.jsonl"
done
"$3" -c '
import sys, polars as pl
rows = pl.scan_ndjson(sys.argv[1] + "/all.jsonl").sort("channel", "Timestamp").with_columns(
    pl.col("Timestamp").str.to_datetime("%Y-%m-%d %H:%M:%S"))
gap = (pl.col("Timestamp").diff().over("channel") > pl.duration(minutes=15)).fill_null(True)
rows = rows.with_columns(gap.cum_sum().over("channel").alias("talk"))
talks = rows.group_by("channel", "talk", maintain_order=True).agg(pl.col("Contents").str.join("\\n").alias("text"))
talks = talks.select("text").collect().sample(fraction=1.0, shuffle=True, seed=42)
cut = int(talks.height * 0.9)
talks[:cut].write_ndjson(sys.argv[1] + "/train.jsonl")
talks[cut:].write_ndjson(sys.argv[1] + "/valid.jsonl")
' "$2"
"""


def run(count: int = 300_000, rounds: int = 5) -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        export, python = str(package(folder, count)), sys.executable
        sides = [
            Side(
                "soundalike import",
                [python, "-m", "soundalike.cli", "import", export, "--out", f"{folder}/me", "--json"],
            ),
            Side("bare unzip and parse", [python, "-c", BARE, export]),
        ]
        if shutil.which("jq"):
            sides.append(Side("jq and Polars steps", ["bash", "-c", WEEKEND, "weekend", export, f"{folder}/w", python]))
        else:
            print("jq is not installed: the weekend's steps are left out. Install it with: apt-get install jq")
        compare(f"Import of {count:,} messages", "seconds", sides, rounds)
