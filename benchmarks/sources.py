"""Reading one large file of DiscordChatExporter: `sources.read` against ijson alone, which drops what it reads.

python -m benchmarks sources                          150,000 messages
python -m benchmarks.sources 4000000 1                2 GB, one round
"""

import json
import sys
import tempfile
from pathlib import Path
from random import Random

from benchmarks.side import Side, compare

READ = """
import json, sys, time
from pathlib import Path
from soundalike import sources
started = time.process_time()
corpus = sources.read([Path(sys.argv[1])], me=["Person 0"])
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
_EPOCH_MS = 1_420_070_400_000
_WORDS = (
    "frog pond lol ok what rain soup tomorrow honestly nope ja hmm wait café {x} [y] said we should go there".split()
)
_PEOPLE = 300


def channel_file(path: Path, count: int) -> Path:
    """A channel of `count` messages by 300 people, about 500 bytes each, without indentation."""
    rng = Random(1)
    people = [_person(number) for number in range(_PEOPLE)]
    head = {
        "guild": {"id": "5", "name": "pond"},
        "channel": {"id": "4" * 18, "type": "GuildTextChat", "name": "general"},
    }
    with path.open("w", encoding="utf-8") as file:
        file.write(json.dumps(head)[:-1] + ', "messages": [')
        for number in range(count):
            file.write((",\n" if number else "\n") + _message(number, rng, people))
        file.write(f'], "messageCount": {count}}}')
    return path


def _person(number: int) -> dict[str, object]:
    name = {"name": f"person{number}", "discriminator": "0000", "nickname": f"Person {number}"}
    return {"id": str(3 * 10**17 + number), **name, "color": None, "isBot": False, "roles": []}


def _message(number: int, rng: Random, people: list[dict[str, object]]) -> str:
    moment = 10**11 + number * 30_000
    text = " ".join(rng.choices(_WORDS, k=rng.randint(1, 18)))
    message: dict[str, object] = {
        "id": str((moment << 22) | rng.randrange(1 << 22)),
        "type": "Default",
        "timestamp": "2020-02-22T09:35:00.046+00:00",
        "timestampEdited": None,
        "callEndedTimestamp": None,
        "isPinned": False,
        "content": text,
        "author": rng.choice(people),
        "attachments": [],
        "embeds": [],
        "stickers": [],
        "reactions": [],
        "mentions": [],
    }
    return json.dumps(message, ensure_ascii=False)


def run(count: int = 150_000, rounds: int = 3) -> None:
    """Print the table of processor seconds, then what memory and rows one reading took."""
    with tempfile.TemporaryDirectory() as temporary:
        path = channel_file(Path(temporary) / "general.json", count)
        megabytes = path.stat().st_size / 1e6
        read = [sys.executable, "-c", READ, str(path)]
        sides = [
            Side("soundalike, the whole frame", read, "seconds"),
            Side("ijson alone", [sys.executable, "-c", IJSON, str(path)], "seconds"),
        ]
        title = f"Reading {count:,} messages, {megabytes:,.0f} MB"
        compare(title, "processor seconds", sides, rounds, warmup=False)
        figures = {key: Side(key, read, key).run() for key in ("peak", "frame", "rows")}
        rows, peak, frame = (figures[key] for key in ("rows", "peak", "frame"))
        print(f"{rows:,.0f} rows; peak {peak:,.0f} MB, of which the frame {frame:,.0f} MB")


if __name__ == "__main__":
    run(*(int(argument) for argument in sys.argv[1:]))
