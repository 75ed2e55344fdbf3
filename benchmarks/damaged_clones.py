"""Clones as a disk or a stranger left them: finished small clones are damaged, at random by a seed, and used.

    python -m benchmarks.damaged_clones --cases 3000 --seed 0

Each case damages one or two things of a clone (files cut, flipped, swapped, emptied, replaced by a link, a pipe or a
folder; values of clone.toml and of JSON files replaced by others; tensors and columns of another shape or type), in
half of the cases with the hashes in clone.toml made to fit, as a stranger could. Links lead to a folder outside, and a
base's folder is damaged too. Then it says, in its present or its earlier voice, evaluates, exports, resumes, trains
another or serves. Right is that it works, or an error of soundalike's own in one line. A traceback of anything else, or
no end within LIMIT seconds of work, or a change to the folder outside, is a fault: it is printed with its case, and the
exit status is 1. Ctrl-C ends a run early, with the count so far.
"""

import argparse
import contextlib
import io
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
import tomllib
import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import tomli_w
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from soundalike.clone import Clone
from soundalike.errors import SoundalikeError
from soundalike.importing.document_settings import DocumentSettings
from soundalike.importing.importer import fill
from soundalike.training.plan import plan_resumed, plan_training
from soundalike.training.recipe import Recipe
from soundalike.training.status import Progress, Succession
from soundalike.training.train_clone import train_clone
from soundalike.training.versions import succession
from tests.engines import tiny
from tests.invented import FRIENDS, corpus, friends

OUTSIDE = "outside"
LIMIT = 60  # seconds of processor time of a case: a hang, on a machine however busy
BLOCKED = 10  # times as long by the clock: on a busy machine a tenth of a core may be left to it
ODD: list[Any] = [
    0,
    -1,
    10**18,
    1.5,
    float("nan"),
    float("inf"),
    True,
    "",
    "x",
    "../../etc/passwd",
    "http://127.0.0.1:1/v1",
]
ODD += ["markov", "\u202e\x00\n", [], [1], ["x"], {}, {"x": 1}, [[[]]]]
Rng = random.Random
NOTHING_LEFT = (OSError, ValueError, LookupError, TypeError, AttributeError, SafetensorError, pl.exceptions.PolarsError)
"""What a second damage, or making hashes fit, may meet where a first one left nothing to change."""


def build(folder: Path, names: Sequence[str] = ("full", "lora", "qwen", "chain", "half", "beside")) -> dict[str, Path]:
    """Small clones by name: over a Llama of ours, all weights and factors, over transformers, and half trained.

    `beside` is a word chain with an earlier voice in versions/ and a training beside it that was cut off.
    """
    bases = folder / "bases"
    if not {"full", "lora", "half"}.isdisjoint(names):
        tiny.base(bases / "llama")
    if "qwen" in names:
        tiny.pretrained(bases / "qwen3", "qwen3", max_position_embeddings=256)
    kinds = {
        "full": ("llama", "full"),
        "lora": ("llama", "lora"),
        "qwen": ("qwen3", "lora"),
        "chain": ("markov", "full"),
    }
    made = {name: _clone(folder / name, bases, *kind) for name, kind in kinds.items() if name in names}
    if "half" in names:
        made["half"] = _clone(folder / "half", bases, "llama", "full", stop_after=2)
    if "beside" in names:
        made["beside"] = _clone(folder / "beside", bases, "markov", "full")
        _train_beside(Clone.open(made["beside"]), 2, "replace")
        _train_beside(Clone.open(made["beside"]), 9, "better", stop_after=6)
    return made


def _train_beside(clone: Clone, iters: int, becomes: Succession, stop_after: int | None = None) -> None:
    """Another word chain over a voice."""
    given = {"iters": iters, "window": 64, "step_tokens": 256, "method": "full"}
    train_clone(
        clone, plan_training(clone, "markov", given).recipe, succession=becomes, on_step=_stop_after(stop_after)
    )


def _stop_after(step: int | None) -> Callable[[Progress], None]:
    """Have a training stop there as Ctrl-C does."""

    def stop(progress: Progress) -> None:
        if progress.step == step:
            signal.raise_signal(signal.SIGINT)

    return stop


def _clone(path: Path, bases: Path, base: str, method: str, stop_after: int | None = None) -> Path:
    clone = Clone.claim(path)
    with clone.locked("damage"), clone.replacing() as scratch:
        fill(clone, scratch, corpus(friends(120)[0], "ana", FRIENDS), {}, DocumentSettings(), force=True)
    training = {"method": method, "iters": 4, "window": 64, "step_tokens": 256, "rank": 4}
    named = base if base == "markov" else str(bases / base)
    recipe = Recipe.from_table({"base": named, "training": training, "limits": {"tokens": 24}})
    train_clone(clone, recipe, on_step=_stop_after(stop_after))
    return path


def say(folder: Path) -> None:
    """A text gone on with, and a reply."""
    from soundalike.generation.voice import Voice

    voice = Voice.load(folder)
    list(voice.complete("so", 6).tokens)
    voice.reply([("sam", "hey")])


def serve(folder: Path) -> None:
    """A server up to where it would listen."""
    from soundalike.frontends.server import app, served_models
    from soundalike.training.recipe import Serving

    app.create(served_models.load([folder]), Serving(), None)


def evaluate(folder: Path) -> None:
    """The short evaluation on a few windows."""
    from soundalike.evaluation.evaluate import evaluate

    evaluate(folder, brief=True, seeds=(0,), most=20)


def export(folder: Path) -> None:
    """Two kinds."""
    from soundalike.export import export

    for kind in ("merged", "gguf"):
        export(Clone.open(folder), kind)


def resume(folder: Path) -> None:
    """A training gone on with, or one beside a voice."""
    clone = Clone.open(folder)
    if clone.run_path.exists():
        train_clone(clone, plan_resumed(clone).recipe, resume=True)
    else:
        _train_beside(clone, 1, "better")


def keep_better(folder: Path) -> None:
    """Another training over the voice, as `--keep-better` begins one; what was cut off is swept away, as by --fresh."""
    clone = Clone.open(folder)
    succession(clone, fresh=clone.run_path.exists(), keep_better=not clone.run_path.exists())
    _train_beside(clone, 1, "better")


def older(folder: Path) -> None:
    """The earlier voice, where there is one, as `chat me/versions/1` takes it."""
    say(folder / "versions" / "1" if (folder / "versions").exists() else folder)


VERBS: dict[str, Callable[[Path], None]] = {
    f.__name__: f for f in (say, serve, evaluate, export, resume, keep_better, older)
}


def damage(folder: Path, others: list[Path], rng: Rng) -> str:
    """One damage; gives what it was, in words."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name not in (".lock", ".gitignore"))
    kinds = [_bytes, _bytes, _replaced, _replaced, _swapped, _toml, _toml, _toml, _json, _json, _tensors, _columns]
    kinds += [_linked, _unfinished, _base]
    return rng.choice(kinds)(folder, rng.choice(files) if files else folder, others, rng)


def regular(path: Path) -> Path:
    """The path of a file that can be read to its end; `OSError` where a damage made it a pipe or a device."""
    if not path.is_file():
        raise FileNotFoundError(path)
    return path


def _bytes(folder: Path, path: Path, others: list[Path], rng: Rng) -> str:
    data = bytearray(regular(path).read_bytes())
    at, count = rng.randrange(len(data) + 1), rng.choice([1, 8, 512])
    how = rng.choice(["cut", "flipped", "zeros", "more", "empty", "odd"])
    if how == "cut":
        del data[at:]
    elif how == "flipped":
        data[at : at + count] = bytes(byte ^ rng.randrange(1, 256) for byte in data[at : at + count])
    elif how == "zeros":
        data[at : at + count] = bytes(len(data[at : at + count]))
    elif how == "more":
        data += rng.randbytes(count)
    elif how == "empty":
        data.clear()
    else:
        data = bytearray(
            rng.choice([b"\xff\xfe{\x00}\x00", b"\xef\xbb\xbf" + bytes(data), b"[" * 100_000, b"null", b"{}"])
        )
    path.unlink()
    path.write_bytes(data)
    return f"{path.name} {how} at {at}"


def _replaced(folder: Path, path: Path, others: list[Path], rng: Rng) -> str:
    if rng.random() < 0.2:
        path = path.parent if path.parent != folder else path
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    kind = rng.choice(["missing", "zero", "pipe", "nowhere", "itself", "folder", "file"])
    links = {"zero": "/dev/zero", "nowhere": "not-there", "itself": path.name}
    if kind in links:
        path.symlink_to(links[kind])
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    elif kind == "file":
        path.write_bytes(b"x")
    return f"{path.name} became {kind}"


def _linked(folder: Path, path: Path, others: list[Path], rng: Rng) -> str:
    """A link to the folder outside, or to a file in it, in place of what soundalike writes or sweeps up."""
    outside = folder.parent / OUTSIDE
    names = ["checkpoints", "candidate", "versions", "versions/1", "adapter", "documents", ".incoming", ".outgoing"]
    name = rng.choice([*names, ".lock", ".gitignore", "clone.toml", "training.json", "checkpoints/run.json"])
    place = folder / name
    if place.parent.resolve() == outside.resolve():
        return "nothing"
    file = place.is_file() or name in (".lock", ".gitignore", "training.json")
    shutil.rmtree(place) if place.is_dir() else place.unlink(missing_ok=True)
    place.symlink_to(outside / "kept" if file else outside)
    return f"{name} became a link to outside"


def _unfinished(folder: Path, path: Path, others: list[Path], rng: Rng) -> str:
    """A replacement that was cut short, and that soundalike did not write."""
    (folder / ".incoming").mkdir()
    name = rng.choice([f"../{OUTSIDE}", str(folder.parent / OUTSIDE), "..", "adapter", "", "versions/1"])
    (folder / ".incoming" / ".removed").write_text(f"{name}\n", encoding="utf-8")
    return f"something to finish that removes {name!r}"


def _base(folder: Path, path: Path, others: list[Path], rng: Rng) -> str:
    """A copy of the clone's base, damaged, in its place."""
    told = tomllib.loads(regular(folder / "clone.toml").read_text(encoding="utf-8"))
    base = Path(told["training"]["base"])
    if not (base / "config.json").is_file():
        return "nothing"
    copy = folder.parent / "base"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(base, copy)
    one = rng.choice(sorted(copy.iterdir()))
    what = rng.choice([_bytes, _replaced])(copy, one, others, rng)
    for described in (folder / "clone.toml", folder / "checkpoints" / "run.json"):
        if described.is_file():
            text = described.read_text(encoding="utf-8").replace(str(base), str(copy))
            described.unlink()
            described.write_text(text, encoding="utf-8")
    return f"of the base: {what}"


def _swapped(folder: Path, path: Path, others: list[Path], rng: Rng) -> str:
    other = rng.choice(others)
    theirs = [one for one in other.rglob("*") if one.is_file() and one.suffix == path.suffix] or [other / "clone.toml"]
    one = rng.choice([found for found in theirs if found.name == path.name] or theirs)
    path.unlink()
    shutil.copy(one, path)
    return f"{path.name} of {other.name}"


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every (container, key) within a value."""
    keys = value.keys() if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in list(keys):
        yield value, key
        yield from _places(value[key])


def _spoil(told: Any, rng: Rng) -> str:
    container, key = rng.choice(list(_places(told)) or [({"": 0}, "")])
    how = rng.choice(["other", "other", "other", "gone", "more"])
    if how == "gone":
        del container[key]
    elif how == "more" and isinstance(container, dict):
        container["from_a_later_version"] = rng.choice(ODD)
    else:
        container[key] = rng.choice(ODD)
    return f"{key} {how} {container.get(key) if isinstance(container, dict) else ''!r}"


def _toml(folder: Path, path: Path, others: list[Path], rng: Rng) -> str:
    path = rng.choice(sorted(folder.rglob("clone.toml")))
    told = tomllib.loads(regular(path).read_text(encoding="utf-8"))
    what = _spoil(told, rng)
    path.unlink()
    path.write_text(tomli_w.dumps(told), encoding="utf-8")
    return f"clone.toml: {what}"


def _json(folder: Path, path: Path, others: list[Path], rng: Rng) -> str:
    path = rng.choice(sorted(path for path in folder.rglob("*.json") if path.is_file()))
    told = json.loads(regular(path).read_text(encoding="utf-8"))
    what = _spoil(told, rng)
    path.unlink()
    path.write_text(json.dumps(told), encoding="utf-8")
    return f"{path.name}: {what}"


def _tensors(folder: Path, path: Path, others: list[Path], rng: Rng) -> str:
    path = rng.choice(sorted(folder.rglob("*.safetensors")) or [folder / "none"])
    if not path.exists():
        return "nothing"
    tensors = load_file(regular(path)) if "adapter" not in path.name else _as_numpy(path)
    name = rng.choice(sorted(tensors))
    changes: dict[str, Callable[[Any], Any]] = {
        "row": lambda t: t[:1],
        "flat": lambda t: t.reshape(-1),
        "turned": lambda t: np.ascontiguousarray(t.T),
        "scalar": lambda t: np.array(t.reshape(-1)[0]),
        "integers": lambda t: t.astype(np.int64),
        "nan": lambda t: t * np.float32("nan"),
        "none": lambda t: t[:0],
    }
    how = rng.choice([*changes, "gone", "renamed"])
    tensor = tensors.pop(name)
    if how == "renamed":
        tensors[name + "x"] = tensor
    elif how != "gone":
        tensors[name] = changes[how](tensor)
    path.unlink()
    save_file(tensors, path, metadata={"format": "pt"})
    return f"{path.name}: {name} {how}"


def _as_numpy(path: Path) -> dict[str, Any]:
    """Tensors of any type, bf16 among them, as fp32."""
    from safetensors.torch import load_file

    return {name: tensor.float().numpy() for name, tensor in load_file(regular(path)).items()}


def _columns(folder: Path, path: Path, others: list[Path], rng: Rng) -> str:
    path = folder / rng.choice(["messages.parquet", "authors.parquet", "channels.parquet"])
    frame = pl.read_parquet(regular(path).resolve(), glob=False)
    name = rng.choice(frame.columns)
    changes: dict[str, Callable[[], pl.DataFrame]] = {
        "gone": lambda: frame.drop(name),
        "numbers": lambda: frame.with_columns(pl.lit(7).alias(name)),
        "nulls": lambda: frame.with_columns(pl.lit(None, frame.schema[name]).alias(name)),
        "no rows": lambda: frame.clear(),
        "one row": lambda: frame.head(1),
        "twice": lambda: pl.concat([frame, frame]),
    }
    how = rng.choice(sorted(changes))
    path.unlink()
    changes[how]().write_parquet(path)
    return f"{path.name}: {name} {how}"


def resign(folder: Path) -> None:
    """Make the hashes in clone.toml, and in the checkpoint, fit what lies there now, where that can be."""
    with contextlib.suppress(*NOTHING_LEFT):
        path = folder / "clone.toml"
        told = tomllib.loads(regular(path).read_text(encoding="utf-8"))
        hashes, adapter = told.get("hashes", {}), told.get("result", {}).get("adapter", {})
        for table, root in ((hashes, folder), (adapter, folder / "adapter")):
            for name in table:
                if (root / name).is_file():
                    table[name] = sha256((root / name).read_bytes()).hexdigest()
        path.unlink()
        path.write_text(tomli_w.dumps(told), encoding="utf-8")
        run, state = folder / "checkpoints" / "run.json", folder / "checkpoints" / "state.safetensors"
        about = json.loads(regular(run).read_text(encoding="utf-8"))
        about["state"] = sha256(regular(state).read_bytes()).hexdigest()
        run.unlink()
        run.write_text(json.dumps(about), encoding="utf-8")


class NoEnd(BaseException):
    """It took too long. Not a `TimeoutError`, which is an `OSError` that soundalike would report as a disk error."""


@contextlib.contextmanager
def limited(seconds: int) -> Iterator[None]:
    """`NoEnd` in what takes more processor time, or BLOCKED times as long by the clock, as a call that waits does."""

    def over(number: int, frame: object) -> None:
        raise NoEnd(f"no end after {seconds} s of work or {BLOCKED * seconds} s in all")

    timers = {
        signal.ITIMER_PROF: (signal.SIGPROF, float(seconds)),
        signal.ITIMER_REAL: (signal.SIGALRM, float(BLOCKED * seconds)),
    }
    before = {one: signal.signal(one, over) for one, _ in timers.values()}
    for timer, (_, limit) in timers.items():
        signal.setitimer(timer, limit)
    try:
        yield
    finally:
        for timer in timers:
            signal.setitimer(timer, 0)
        for one, handler in before.items():
            signal.signal(one, handler)


def case(number: int, seed: int, made: dict[str, Path], home: Path, verbs: Sequence[str]) -> tuple[str, str]:
    """One case: what came of it (`works`, `told` or a fault's text), and what it was."""
    rng = Rng(f"{seed}/{number}")
    kind = rng.choice(sorted(made))
    verb = "resume" if "resume" in verbs and kind == "half" and rng.random() < 0.7 else rng.choice(sorted(verbs))
    folder, outside = home / "me", home / OUTSIDE
    shutil.rmtree(folder, ignore_errors=True)
    shutil.rmtree(outside, ignore_errors=True)
    outside.mkdir()
    (outside / "kept").write_bytes(b"kept")
    shutil.copytree(made[kind], folder, copy_function=os.link)
    others = [path for name, path in made.items() if name != kind]
    what = []  # where a file is spoiled already, a second damage may find nothing to change
    for _ in range(rng.choice([1, 1, 2])):
        with contextlib.suppress(*NOTHING_LEFT):
            what.append(damage(folder, others, rng))
    if signed := rng.random() < 0.5:
        resign(folder)
    told = f"{number}: {kind}, {verb}, {'; '.join(what)}{', hashes made to fit' if signed else ''}"
    outcome = _outcome(VERBS[verb], folder)
    if [path.name for path in outside.glob("**/*")] != ["kept"] or (outside / "kept").read_bytes() != b"kept":
        outcome = f"the folder outside was changed: {list(outside.glob('**/*'))}"
    return outcome, told


def _outcome(verb: Callable[[Path], None], folder: Path) -> str:
    try:
        with limited(LIMIT), contextlib.redirect_stderr(io.StringIO()):
            verb(folder)
    except SoundalikeError as error:
        return "told" if "\n" not in str(error) and len(str(error)) < 1000 else f"more than a line: {error}"
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            raise
        return traceback.format_exc()
    return "works"


def run(cases: int, seed: int, first: int = 0, verbs: Sequence[str] = tuple(VERBS), **given: Sequence[str]) -> int:
    """Run the cases; prints faults and a count, and gives the number of faults."""
    counts, started = Counter[str](), time.perf_counter()
    try:
        with tempfile.TemporaryDirectory() as home, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            made = build(Path(home) / "made", **given)
            for number in range(first, first + cases):
                outcome, what = case(number, seed, made, Path(home), verbs)
                counts[outcome if outcome in ("works", "told") else "fault"] += 1
                if outcome not in ("works", "told"):
                    print(f"case {what}\n{outcome}", flush=True)
    finally:  # Ctrl-C ends a long run, whose count is a figure all the same
        seconds = time.perf_counter() - started
        print(f"{counts.total()} cases of seed {seed} in {seconds:.0f} s: {dict(counts)}")
    return counts["fault"]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--clones", nargs="+", default=["full", "lora", "qwen", "chain", "half", "beside"])
    parser.add_argument("--verbs", nargs="+", default=list(VERBS), choices=list(VERBS))
    given = parser.parse_args()
    sys.exit(bool(run(given.cases, given.seed, given.first, given.verbs, names=given.clones)))
