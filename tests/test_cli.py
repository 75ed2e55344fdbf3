"""The command line: what goes to which stream, and what is printed as it stands."""

import io
import json
import signal
import sys
import tomllib
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from soundalike import cli, engines
from soundalike.cli.chat_commands import show_conversation
from soundalike.demo import EXPORT, OPENERS
from soundalike.errors import CloneError
from soundalike.evaluation.guidance import MOST
from soundalike.sources import list_sources
from tests.short_export import shorten

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a command; gives exit code, standard output and standard error."""

    def run(*words: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["soundalike", *map(str, words)])
        with pytest.raises(SystemExit) as end:
            cli.main()
        told = capsys.readouterr()
        return int(end.value.code or 0), told.out, told.err

    return run


@pytest.fixture(scope="module")
def short(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An export whose held-out part is too short to be evaluated, which takes most of the time of `clone`."""
    return shorten(tmp_path_factory.mktemp("export") / "package.zip", 8)


@pytest.fixture
def me(run: Run, short: Path, tmp_path: Path) -> Path:
    """A clone with the voice of a word chain."""
    assert run("clone", short, "--out", tmp_path / "me", "--base", "markov", "--iters", 3)[0] == 0
    return tmp_path / "me"


def test_what_is_read_is_listed(run: Run) -> None:
    """`import --formats` needs no export and names a line a source."""
    code, out, _ = run("import", "--formats")
    assert code == 0 and out.splitlines() == [source.LOOKED_FOR for source in list_sources()]


def test_a_preview_tells_what_exports_hold_and_writes_nothing(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who wrote how much, in which channels, and whether a name is needed."""
    monkeypatch.chdir(tmp_path)
    code, out, _ = run("import", EXPORT, "--preview", "--json")
    found = json.loads(out)
    assert code == 0 and list(tmp_path.iterdir()) == []
    assert [(person["name"], person["owner"]) for person in found["people"]] == [("moth", True)] and not found["asks"]
    assert sum(channel["messages"] for channel in found["channels"]) == found["messages"] > 7000


def test_a_training_can_end_with_an_evaluation(run: Run, me: Path) -> None:
    """In the sentences that are printed: of the training, and why there is no evaluation where there is none."""
    code, out, _ = run("train", me, "--base", "markov", "--iters", 3, "--fresh", "--evaluate", "--json")
    told = json.loads(out)
    assert code == 0 and told["evaluation"] is None and told["sentences"][0].startswith("Learned from")
    assert told["sentences"][-1].startswith("The held-out part has")


def test_clone_prints_one_result_as_json(run: Run, tmp_path: Path) -> None:
    """Import report, training, figures and conversation; standard output is that and nothing else."""
    export = shorten(tmp_path / "package.zip", 3)  # just long enough for figures
    code, out, err = run("clone", export, "--out", tmp_path / "me", "--base", "markov", "--iters", 3, "--json")
    result: dict[str, Any] = json.loads(out)
    assert code == 0 and result.keys() == {"import", "training", "evaluation", "conversation"}
    advice = result["evaluation"].pop("advice")
    assert 0 < advice["read"] <= 1 and len(advice["remedies"]) <= MOST
    assert result["evaluation"] == json.loads((tmp_path / "me" / "evaluation.json").read_text())["short"]
    assert result["import"] == json.loads((tmp_path / "me" / "import.json").read_text())
    assert result["training"]["steps"] == 3 and result["training"]["finished"]
    assert result["training"]["bits_per_byte"] < result["training"]["bits_per_byte_before"]
    assert result["conversation"][0] == {"name": "sam", "text": "hey"}
    assert "Settings" not in err and "messages in" not in err


def test_demo_prints_the_same(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its friends' lines are in the conversation, in their order. A word chain stands in for pocket here."""
    load = engines.load
    monkeypatch.setattr(engines, "load", lambda base, *given: load("markov", *given))
    monkeypatch.setattr("soundalike.generation.voice.load", lambda base, *given: load("markov", *given))
    code, out, _ = run("demo", "--out", tmp_path / "demo", "--minutes", 0.01, "--json")
    result = json.loads(out)
    assert code == 0 and result.keys() == {"import", "training", "conversation"}
    friends = {name for name, _ in OPENERS}
    assert [(row["name"], row["text"]) for row in result["conversation"] if row["name"] in friends] == OPENERS


def test_demo_first_says_what_it_does_and_how_long(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before anything is read: that the person is invented, the steps, the minutes, the folder."""

    def full(*_: Any) -> None:
        raise CloneError("The disk is full.", "Make room.")

    monkeypatch.setattr("soundalike.cli.clone_commands.import_into", full)
    code, out, _ = run("demo", "--out", tmp_path / "demo", "--minutes", 2)
    told = " ".join(out.split())
    assert code != 0 and "an invented person: a year of chats is read" in told
    assert "about 2.5 minutes" in told and "alone." in told


def test_the_conversation_of_a_demo_is_cooler_and_says_so(
    run: Run, me: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """At another temperature than the clone's own, which without one is used and not told."""
    show_conversation(me, OPENERS[:1], temperature=0.7)
    assert "at temperature 0.7" in " ".join(capsys.readouterr().out.split())
    show_conversation(me, OPENERS[:1])
    assert "temperature" not in capsys.readouterr().out


def test_say_prints_tokens_and_figures_as_json(run: Run, me: Path) -> None:
    """The tokens make up the text after the prompt, and each has its probability."""
    code, out, _ = run("say", me, "the soup", "--max-tokens", 9, "--seed", 3, "--json")
    said = json.loads(out)
    assert code == 0
    assert said["text"] == said["prompt"] + "".join(token["text"] for token in said["tokens"])
    assert 0 < len(said["tokens"]) == said["generation_tokens"] <= 9
    assert all(0 < token["probability"] <= 1 for token in said["tokens"])
    assert said["prompt_tokens_per_second"] > 0 and said["peak_memory_bytes"] > 1e7
    assert said["text"] in run("say", me, "the soup", "--max-tokens", 9, "--seed", 3)[1]


@pytest.mark.parametrize("verb", ["say", "chat"])
def test_a_temperature_out_of_range_is_refused_before_anything_is_loaded(run: Run, tmp_path: Path, verb: str) -> None:
    """The sentence names the setting and its range, though the folder holds no clone."""
    for given in ("5", "-1", "nan"):
        code, out, err = run(verb, tmp_path, "--temperature", given)
        assert code == 2 and not out
        assert f"temperature is {float(given)}" in err and "Give temperature a value of 0 to 2." in err


def test_a_prompt_is_exported_and_measured_with_an_address(run: Run, me: Path) -> None:
    """Of an export of weights other kinds are named; an address needs a prompt, and a prompt an address."""
    code, out, _ = run("export", me, "--to", "prompt", "--examples", 2, "--json")
    made = json.loads(out)
    assert code == 0 and made["to_release"] == 2 and made["released"] == 0
    owner = tomllib.loads((me / "clone.toml").read_text("utf-8"))["clone"]["speaker"]
    assert Path(made["prompt"]).read_text(encoding="utf-8").startswith(f"You are {owner}, ")
    code, _, err = run("export", me, "--to", "gif")
    assert code == 2 and "It can be merged, gguf, mlx, prompt." in err
    for given in (["--at", "http://127.0.0.1:1/v1"], ["--prompt", made["prompt"]]):
        code, _, err = run("evaluate", me, *given)
        assert code == 2 and "--at and --prompt go together." in err


def test_say_writes_its_figures_where_asked_to(run: Run, me: Path) -> None:
    """Standard output is the text; `--stats` prints the figures beside it, on standard error."""
    _, out, err = run("say", me, "the soup", "--max-tokens", 9, "--seed", 3)
    assert out.startswith("the soup") and "tokens per second" not in out + err
    _, again, err = run("say", me, "the soup", "--max-tokens", 9, "--seed", 3, "--stats")
    assert again == out and "Prompt: " in err and "Generation: " in err and "Peak memory: " in err


def test_say_without_a_folder_speaks_as_me(
    run: Run, me: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One argument that is no folder is the text; a text that is missing is read from standard input."""
    monkeypatch.chdir(me.parent)
    code, out, err = run("say", "the soup?", "--max-tokens", 3)
    assert code == 0 and out.startswith("the soup?") and "so me says it" in err
    for words in (["say", "me"], ["say"]):
        monkeypatch.setattr(sys, "stdin", io.StringIO("the boiler\n"))
        assert run(*words, "--max-tokens", 3)[1].startswith("the boiler")
    code, _, err = run("say", "not-there", "the soup")
    assert code == 2 and "There is no clone at not-there." in err


def test_import_and_train_print_json_alone(run: Run, tmp_path: Path) -> None:
    """Report and outcome; a comparison of gaps is a list."""
    code, out, _ = run("import", EXPORT, "--out", tmp_path / "me", "--json")
    assert code == 0 and json.loads(out)["messages"] > 1000
    code, out, _ = run("import", EXPORT, "--gap", "5m,15m", "--json")
    assert code == 0 and [row["gap_minutes"] for row in json.loads(out)] == [5, 15]
    code, out, _ = run("train", tmp_path / "me", "--base", "markov", "--iters", 2, "--json")
    assert code == 0 and json.loads(out)["steps"] == 2 and json.loads(out)["valid"][-1][0] == 2


@pytest.mark.parametrize("verb", ["say", "train"])
def test_an_error_is_two_sentences_on_standard_error(run: Run, tmp_path: Path, verb: str) -> None:
    """With --json nothing is printed for a program to stumble over; the exit code tells."""
    me = tmp_path / "[red]me"
    code, out, err = run(verb, me, "--json")
    assert (code, out) == (2, "")
    assert err == f"There is no clone at {me}. Make one with: soundalike clone EXPORT --out '{me}'\n"


@pytest.mark.parametrize(
    "words", [["say", "{}", "hi"], ["train", "{}"], ["import", "{}"], ["clone", "p.zip", "--out", "{}"]]
)
def test_a_path_that_is_too_long_is_one_sentence(run: Run, words: list[str]) -> None:
    """A name of 300 characters can be no file, whatever it was given for."""
    code, out, err = run(*(word.format("x" * 300) for word in words))
    assert (code, out) == (2, "") and "Traceback" not in err and err.count("\n") < 4
    assert "File name too long" in " ".join(err.split())


def test_without_a_budget_one_is_chosen_and_told(run: Run, short: Path, tmp_path: Path) -> None:
    """One line says what and why, and clone.toml keeps it."""
    code, out, _ = run("clone", short, "--out", tmp_path / "me", "--base", "markov")
    assert "Now:" not in out and out.count("on this machine") == 1
    budget = next(line for line in out.splitlines() if line.startswith("Budget"))
    assert code == 0 and budget == "Budget: 30 steps, the fewest, about 10 seconds on this machine."
    assert tomllib.loads((tmp_path / "me" / "clone.toml").read_text())["training"]["iters"] == 30


def test_settings_are_for_developers(run: Run, me: Path) -> None:
    """They are printed only with --debug, and only those that have an effect: no rank where all weights are trained."""
    again = ("train", me, "--base", "markov", "--iters", 2, "--fresh")
    told = run("--debug", *again)[1]
    assert "Settings: base markov" in told and "learning_rate" in told
    assert not any(name in told for name in ("rank", "alpha", "precision"))
    assert "rank 16" in run("--debug", *again, "--method", "lora")[1]
    assert "Settings" not in run(*again)[1]


def test_an_import_says_what_to_do_next(run: Run, tmp_path: Path) -> None:
    """One range of time, and the command; of bases only those that make sense here."""
    out = run("import", EXPORT, "--out", tmp_path / "your name")[1]
    assert len([line for line in out.splitlines() if "Training takes " in line and "with pocket." in line]) == 1
    assert out.count("on this machine") == 1
    assert " days" not in out and "8B" not in out and "too large" not in out
    assert out.endswith(f"Now: soundalike train '{tmp_path}/your name'\n")


def test_no_bar_is_drawn_before_there_is_something_to_show(run: Run, tmp_path: Path) -> None:
    """An error comes alone."""
    for verb in ("import", "clone"):
        _, _, err = run(verb, tmp_path / "absent.zip", "--out", tmp_path / "me")
        assert "Reading" not in err and "━" not in err


def test_a_folders_name_is_printed_as_it_is(
    run: Run, short: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Markup in a folder's name is printed as it is, in the commands to type."""
    monkeypatch.chdir(tmp_path)
    told = run("clone", short, "--out", "[bold]x", "--base", "markov", "--iters", 2)[1]
    assert "Talk to it: soundalike chat '[bold]x'\n" in told
    monkeypatch.setattr("soundalike.training.loop.deferred_interrupt", lambda: nullcontext(lambda: signal.SIGINT))
    code, _, err = run("train", "[bold]x", "--base", "markov", "--iters", 2, "--fresh")
    assert code == 130 and "Stopped and saved. Continue with: soundalike train '[bold]x' --resume\n" in err


def test_clone_over_a_voice_asks_first(run: Run, short: Path, me: Path) -> None:
    """Nothing in the export is new: one sentence with both options, exit 2, and the voice and its text stay."""
    again = ("clone", short, "--out", me, "--base", "markov", "--iters", 2)
    kept = [*(me / "adapter").iterdir(), *(me / "documents").iterdir(), me / "messages.parquet"]
    before = {path: path.read_bytes() for path in kept}
    code, out, err = run(*again)
    assert code == 2 and "0 new messages" in out
    assert "has a voice already" in err and "--keep-better" in err and "--fresh" in err
    assert before == {path: path.read_bytes() for path in kept}
    more = ("train", me, "--base", "markov", "--iters", 2)
    assert "has a voice already" in run(*more)[2] and "stays: it costs" in run(*more, "--keep-better")[1]
    code, out, _ = run(*more, "--fresh", "--json")
    assert code == 0 and json.loads(out)["settled"].endswith("is kept as version 2.")


def test_clone_over_half_a_training_asks_first(
    run: Run, short: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After Ctrl-C the same command names --resume and --fresh; with --resume nothing is imported anew."""
    again = ("clone", short, "--out", tmp_path / "me", "--base", "markov", "--iters", 5)
    with monkeypatch.context() as patch:
        patch.setattr("soundalike.training.loop.deferred_interrupt", lambda: nullcontext(lambda: signal.SIGINT))
        assert run(*again)[0] == 130
    code, out, err = run(*again)
    assert (code, out) == (2, "") and "cut off after step 0 of 5" in err and "--resume" in err and "--fresh" in err
    monkeypatch.setattr("soundalike.importing.importer.run_import", None)
    code, out, _ = run(*again, "--resume", "--json")
    assert code == 0 and json.loads(out)["training"]["steps"] == 5 and json.loads(out)["import"] is None


def test_ctrl_c_after_the_training_tells_that_the_voice_is_there(
    run: Run, short: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the evaluation that follows; the command is ready to paste, and --resume says that nothing is left to do."""

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    folder = tmp_path / "my voice"
    again = ("clone", short, "--out", folder, "--base", "markov", "--iters", 3)
    monkeypatch.setattr("soundalike.evaluation.evaluate.evaluate", interrupted)
    code, _, err = run(*again)
    assert code == 130 and f"The voice is finished; talk to it: soundalike chat '{folder}'" in err
    code, _, err = run("clone", short, "--out", folder, "--resume")
    assert code == 2 and "voice is finished" in err and "--keep-better" in err


def test_printed_commands_can_be_pasted(run: Run, tmp_path: Path) -> None:
    """A folder's name with a blank is quoted in them."""
    folder = tmp_path / "my voice"
    _, _, err = run("say", folder, "hello")
    assert f"soundalike clone EXPORT --out '{folder}'" in err
    _, out, _ = run("import", EXPORT, "--out", folder)
    assert f"soundalike train '{folder}'" in out
    for untrained in (("say", folder, "hello"), ("export", folder, "--to", "gguf")):
        _, _, err = run(*untrained)
        assert f"Train it: soundalike train '{folder}'" in err
    _, out, _ = run("discord", folder, "--init")
    assert f"soundalike discord '{folder}'" in out


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (("--minutes", 0), "training.minutes is 0.0"),
        (("--minutes", 1, "--iters", 3), "--minutes and --iters are more than one budget"),
        (("--choose", "luck"), "training.choose is 'luck'"),
        (("--base", "no/such/base"), "no base model at no/such/base"),
        (("--resume", "--fresh"), "--resume goes on"),
        (("--resume",), "nothing to resume"),
        (("--gap", "long"), "not a length of time"),
        (("--also", "Mira"), "Add --me NAME, once"),
        (("--me", "a", "--me", "b", "--also", "c"), "Add --me NAME, once"),
        (("--me", "Bo", "--me", "bo"), "Two voices would be in the folder"),
        (("--only", "after:soon"), "'after:soon' holds no date"),
        (("--without", "channel:"), "'channel:' names nothing"),
    ],
)
def test_options_are_checked_before_anything_is_read(
    run: Run, tmp_path: Path, asked: tuple[object, ...], told: str
) -> None:
    """An export that does not exist is not even looked for, and no folder is made."""
    code, out, err = run("clone", tmp_path / "package.zip", "--out", tmp_path / "me", *asked)
    assert (code, out) == (2, "") and told in err and not (tmp_path / "me").exists()


@pytest.mark.parametrize(
    "words",
    [
        ["import", "x.zip", "--preview", "--mask", "strings.txt"],
        ["import", "x.zip", "--gap", "5m,1h", "--replace"],
        ["clone", "x.zip", "--resume", "--without", "person:Ana"],
        ["forget", "me", "--before", "2020", "--minutes", "3"],
        ["train", "me", "--corrections", "--evaluate"],
        ["train", "me", "--corrections", "--choose", "bits"],
        ["evaluate", "me", "you", "--split", "test"],
        ["export", "me", "--to", "merged", "--precision", "f16"],
        ["export", "me", "--to", "gguf", "--examples", "40"],
        ["discord", "me", "--init", "--dry-run"],
        ["arena", "me", "--results", "--lan"],
        ["arena", "me", "--json", "--pairs", "3"],
    ],
)
def test_an_option_that_would_do_nothing_is_refused(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str]
) -> None:
    """By its name, also with its own default, and before any file is looked for."""
    monkeypatch.chdir(tmp_path)
    useless = [word for word in words if word.startswith("--")][-1]
    code, out, err = run(*words)
    assert (code, out) == (2, "") and f" takes no {useless}." in err


def test_what_goes_with_every_option_is_not_refused(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """--json, and what the environment says."""
    monkeypatch.setenv("SOUNDALIKE_AT", "http://127.0.0.1:9/v1")
    code, _, err = run("discord", tmp_path / "me", "--init")
    assert code == 2 and "takes no" not in err
    assert "takes no" not in run("train", tmp_path / "me", "--corrections", "--json")[2]


def test_clone_with_force_goes_through(run: Run, tmp_path: Path) -> None:
    """Forty messages of one evening are refused without it; with it they become a voice that speaks."""
    rows = [
        {"ID": 10**17 + n, "Timestamp": f"2024-03-01 20:{n:02}:00", "Contents": f"the soup is number {n}"}
        for n in range(40)
    ]
    channel = tmp_path / "package" / "Messages" / "c100000000000000001"
    channel.mkdir(parents=True)
    (channel / "messages.json").write_text(json.dumps(rows), encoding="utf-8")
    about = {"id": "100000000000000001", "type": "DM"}
    (channel / "channel.json").write_text(json.dumps(about), encoding="utf-8")
    again = ("clone", tmp_path / "package", "--out", tmp_path / "me", "--base", "markov", "--iters", 2)
    code, _, err = run(*again)
    assert code == 2 and "Only 40 of your messages" in err and "--force" in err and not (tmp_path / "me").exists()
    code, out, err = run(*again, "--force")
    assert code == 0, err
    assert "words that it learned cost" in out and "Talk to it: soundalike chat" in out


def chat_of_two(path: Path) -> Path:
    """A WhatsApp chat in which Ana and Bo say different things, sixty lines each."""
    said = [("Ana", "the soup of day"), ("Bo", "my bike and train")]
    lines = []
    for number in range(120):
        who, what = said[number % 2]
        lines.append(f"{6 + number // 60}/13/23, {number % 12 + 1}:{number % 60:02} PM - {who}: {what} {number}")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_who_is_who_in_a_chat_that_does_not_tell(run: Run, tmp_path: Path) -> None:
    """Without a name the people are listed, exit 2; with one the clone is theirs."""
    export = chat_of_two(tmp_path / "chat.txt")
    code, out, err = run("import", export, "--out", tmp_path / "me", "--force")
    assert (code, out) == (2, "") and "which of their people you are" in err
    assert "  Ana: 60 messages\n  Bo: 60 messages\n" in err and "--me NAME" in err
    assert run("import", export, "--out", tmp_path / "me", "--force", "--me", "boo")[0] == 2
    assert not (tmp_path / "me").exists()
    code, out, _ = run("import", export, "--out", tmp_path / "me", "--force", "--me", "bo", "--json")
    report = json.loads(out)
    assert code == 0 and (report["messages"], report["mine"], report["people"]) == (120, 60, 2)
    assert tomllib.loads((tmp_path / "me" / "clone.toml").read_text())["clone"]["speaker"] == "Bo"
    code, out, _ = run("import", export, "--out", tmp_path / "it", "--force", "--me", "bo", "--without", "person:ana")
    assert code == 0 and "messages left out by --without person:ana 60" in out


def test_forgetting_and_training_anew(run: Run, tmp_path: Path) -> None:
    """Without --retrain the command to type is named; with it no voice is left that had learned from Ana."""
    export, me = chat_of_two(tmp_path / "chat.txt"), tmp_path / "me"
    assert run("clone", export, "--me", "Bo", "--out", me, "--base", "markov", "--iters", 2, "--force")[0] == 0
    out = run("forget", me, "--before", 2000)[1]
    assert f"only a new training unlearns it: soundalike train {me} --fresh" in out
    old = (me / "adapter" / "markov.json").read_bytes()
    (word, *_), strings = pl.read_parquet(me / "messages.parquet")["text"][0].split(), tmp_path / "strings.txt"
    strings.write_text(f"{word}\n", encoding="utf-8")
    options = ("--person", "Ana", "--mask", strings, "--retrain", "--minutes", 0.001)
    code, out, err = run("forget", me, *options)
    assert code == 0, err
    assert "strings on your list" in out and "something" in (me / "documents" / "train.jsonl").read_text("utf-8")
    assert "The voice that had learned what is gone is deleted" in out and "is kept" not in out
    assert not (me / "versions").exists() and (me / "adapter" / "markov.json").read_bytes() != old
    assert pl.read_parquet(me / "authors.parquet")["name"].to_list() == ["Bo"]


def test_several_voices_of_one_chat(run: Run, tmp_path: Path) -> None:
    """A folder for each in --out; each has its own words, and they talk in one room."""
    export, friends = chat_of_two(tmp_path / "chat.txt"), tmp_path / "friends"
    options = ("--out", friends, "--base", "markov", "--iters", 2, "--force")
    code, out, err = run("clone", export, "--me", "Ana", "--me", "Bo", *options, "--json")
    assert code == 0, err
    result = json.loads(out)
    assert result.keys() == {"Ana", "Bo"} and result["Bo"]["training"]["finished"]
    speakers = [tomllib.loads((friends / name / "clone.toml").read_text())["clone"]["speaker"] for name in result]
    assert speakers == ["Ana", "Bo"]
    assert run("clone", export, "--me", "Ana", "--me", "Bo", *options)[2].count("has a voice already") == 1


def test_export_refuses_what_it_cannot_write(run: Run, me: Path) -> None:
    """A word chain has no weights, and there are four kinds; each is a two-sentence error, and no file remains."""
    code, _, err = run("export", me, "--to", "gguf")
    assert code == 2 and "word chain: it has no weights. Train it" in err
    code, _, err = run("export", me, "--to", "onnx")
    assert code == 2 and "It can be merged, gguf, mlx, prompt." in err
    assert not list(me.glob("export-*"))
