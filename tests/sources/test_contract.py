"""What holds for every source, found by listing the folder, and for reading several exports together."""

import inspect
import zipfile
from pathlib import Path

import pytest

from soundalike import sources
from soundalike.errors import ExportError
from soundalike.messages import AUTHORS_SCHEMA, CHANNELS_SCHEMA, SCHEMA, Corpus, merge
from soundalike.progress import OnProgress
from soundalike.sources._heads import MOST_FILES
from soundalike.sources._open_tree import open_tree
from tests.sources.examples import all_examples
from tests.sources.packages import (
    OWNER,
    SAM,
    checked,
    message,
    package,
    texts,
    without,
    without_files,
    write_folder,
    write_large,
    write_zip,
)

EXAMPLES = all_examples()
CUTS = 24  # places at which each file of an example is cut off, and flipped
QUARTERS = 4  # of a file, at each of whose ends it is cut off
LINES = {".txt", ".md", ".csv", ".jsonl", ".ndjson"}  # endings of files that are read line by line


def test_every_module_is_a_source() -> None:
    """Each file of the folder without an underscore is a source of its own name, with an example in `examples`."""
    folder = Path(inspect.getfile(sources)).parent
    modules = sorted(path.stem for path in folder.glob("*.py") if not path.stem.startswith("_"))
    named = sorted({example.partition("/")[0] for example in EXAMPLES})
    assert [source.NAME for source in sources.list_sources()] == modules == named
    assert all(source.LOOKED_FOR and source.__doc__ for source in sources.list_sources())


@pytest.mark.parametrize("example", EXAMPLES)
def test_recognises_its_own_only(tmp_path: Path, example: str) -> None:
    """An export is recognised by its own source and by no other."""
    with open_tree(EXAMPLES[example](tmp_path)) as tree:
        found = [source.NAME for source in sources.list_sources() if source.recognise(tree)]
    assert found == [example.partition("/")[0]]


@pytest.mark.parametrize("example", EXAMPLES)
def test_batches(tmp_path: Path, example: str) -> None:
    """A source gives message frames, accounts for every row, names itself, and its progress ends at the end."""
    progress: list[tuple[float, float]] = []
    batches = batches_of(EXAMPLES[example](tmp_path), lambda done, total: progress.append((done, total)))
    assert batches
    for batch in batches:
        assert dict(batch.messages.schema) == SCHEMA
        assert dict(batch.authors.schema) == AUTHORS_SCHEMA
        assert dict(batch.channels.schema) == CHANNELS_SCHEMA
        assert set(batch.messages["source"]) <= {example.partition("/")[0]}
    assert sum(batch.messages.height for batch in batches) > 0
    assert progress == sorted(progress) and progress[-1][0] == progress[-1][1]


@pytest.mark.parametrize("example", EXAMPLES)
def test_one_account(tmp_path: Path, example: str) -> None:
    """The parts are accounted for; keys carry the source's name, people and channels are named, texts are not empty."""
    corpus = checked(merge(batches_of(EXAMPLES[example](tmp_path))))
    messages, name = corpus.messages, example.partition("/")[0]
    if not name.startswith("discord"):
        for column in (messages["id"], messages["channel"], messages["author"], messages["reply_to"].drop_nulls()):
            assert column.str.starts_with(f"{name}:").all(), column
    assert set(messages["author"]) <= set(corpus.authors["author"])
    assert set(messages["channel"]) <= set(corpus.channels["channel"])
    assert set(corpus.channels["kind"]) <= {"dm", "group", "channel", "thread", "unknown"}
    assert (messages["text"].str.strip_chars() != "").all()
    assert not any(messages.drop("reply_to").null_count().row(0))


@pytest.mark.parametrize("example", EXAMPLES)
def test_given_twice(tmp_path: Path, example: str) -> None:
    """A second copy of an export adds nothing: every message has the same id again."""
    one, two = tmp_path / "a", tmp_path / "b"
    one.mkdir()
    two.mkdir()
    path = EXAMPLES[example](one)
    once = merge(batches_of(path))
    twice = merge([*batches_of(EXAMPLES[example](two)), *batches_of(path)])
    assert twice.messages.equals(once.messages)
    assert twice.unaccounted == 0


@pytest.mark.parametrize("example", EXAMPLES)
def test_many_files(tmp_path: Path, example: str) -> None:
    """A folder with more files than are looked into to recognise it is read whole."""
    path = EXAMPLES[example](tmp_path)
    if path.is_dir() or path.suffix == ".zip":
        return
    files = {f"{number}/{path.name}": path.read_bytes() for number in range(MOST_FILES + 5)}
    assert checked(merge(batches_of(write_folder(tmp_path / "many", files)))).read["message files"] == MOST_FILES + 5


@pytest.mark.parametrize("damage", ["cut", "flip"])
@pytest.mark.parametrize("example", EXAMPLES)
def test_damaged(tmp_path: Path, example: str, damage: str) -> None:
    """Cut off or changed at any place, an export is refused in a sentence or read with an exact account."""
    path = EXAMPLES[example](tmp_path)
    for file in [path] if path.is_file() else sorted(inner for inner in path.rglob("*") if inner.is_file()):
        raw = file.read_bytes()
        for at in sorted({len(raw) * place // CUTS for place in range(CUTS)}):
            file.write_bytes(raw[:at] if damage == "cut" else raw[:at] + bytes([raw[at] ^ 0x15]) + raw[at + 1 :])
            try:
                checked(merge(batches_of(path)))
            except ExportError as error:
                assert error.what.endswith(".") and error.do.endswith("."), error
        file.write_bytes(raw)


@pytest.mark.parametrize("example", EXAMPLES)
def test_cut_off(tmp_path: Path, example: str) -> None:
    """A file that ends in the middle is refused, or what is missing is counted or noted.

    Only in a file of lines that was cut between two of them nothing tells that there were more.
    """
    path = unpacked(EXAMPLES[example](tmp_path))
    whole = merge(batches_of(path))
    for file in [path] if path.is_file() else sorted(inner for inner in path.rglob("*") if inner.is_file()):
        raw = file.read_bytes()
        for at in sorted({len(raw) * place // QUARTERS for place in range(1, QUARTERS)}):
            file.write_bytes(raw[:at])
            between_lines = file.suffix in LINES and raw[:at].endswith((b"\n", b"\r"))
            assert between_lines or is_told(path, whole), f"{file.name} cut at {at}: {raw[:at][-40:]!r}"
        file.write_bytes(raw)


def unpacked(path: Path) -> Path:
    """The folder with what is in a ZIP; any other path as it is."""
    if path.suffix != ".zip":
        return path
    with zipfile.ZipFile(path) as archive:
        archive.extractall(path.with_suffix(""))
    return path.with_suffix("")


def is_told(path: Path, whole: Corpus) -> bool:
    """Whether reading an export loses nothing of `whole`, or says that it does."""
    try:
        cut = merge(batches_of(path))
    except ExportError:
        return True
    if not cut.read or cut.messages.select("id", "text").equals(whole.messages.select("id", "text")):
        return True  # not recognised, or cut where no message is
    return set(cut.notes) > set(whole.notes) or any(
        count > whole.skipped.get(reason, 0) for reason, count in cut.skipped.items()
    )


def batches_of(path: Path, on_progress: OnProgress = lambda done, total: None) -> list[Corpus]:
    """The batches of an export as its source gives them; none if no source recognises it."""
    with open_tree(path) as tree:
        for source in sources.list_sources():
            if source.recognise(tree):
                return list(source.read(tree, on_progress))
    return []


@pytest.mark.parametrize("name", ["holiday.zip", "holiday", "notes.txt"])
def test_unknown_exports(tmp_path: Path, name: str) -> None:
    """What nobody recognises is refused in a short sentence, with the command that lists what is read."""
    files = {"photos/frog.jpg": b"\xff\xd8", "messages.json": b"[]", "user.json": b"{}"}
    path = tmp_path / name
    if name.endswith(".zip"):
        write_zip(path, files)
    elif name.endswith(".txt"):
        path.write_text("dear diary")
    else:
        write_folder(path, files)
    with pytest.raises(ExportError) as caught:
        sources.read([path])
    assert caught.value.what.endswith(f"{name} is no chat export that is known here.")
    assert caught.value.do == "Give a chat export; `soundalike import --formats` lists those that are read."


def test_no_path_and_no_file(tmp_path: Path) -> None:
    """An export without messages is reported as such."""
    with pytest.raises(ExportError, match="No export was named"):
        sources.read([])
    with pytest.raises(ExportError, match="There is no file or folder"):
        sources.read([tmp_path / "gone.zip"])


def test_several_packages_of_one_person(tmp_path: Path) -> None:
    """Packages of different years are joined by message id: what was deleted meanwhile is still in the older one."""
    older = write_zip(tmp_path / "2023.zip", package([message(0, "since deleted"), message(5, "kept")]))
    newer = write_folder(tmp_path / "2024", package([message(5, "kept"), message(9, "new")]))
    corpus = checked(sources.read([newer, older]))
    assert texts(corpus) == ["since deleted", "psst sam", "kept", "new"]
    assert without_files(corpus.read) == {"packages": 2, "channels": 4, "messages": 6}
    assert corpus.skipped["messages seen twice"] == 2
    assert corpus.authors.height == 1
    assert corpus.channels.height == 2


@pytest.mark.parametrize("first", [True, False])
def test_a_package_without_account_joins_one_with(tmp_path: Path, first: bool) -> None:
    """Where one package says whose it is, all of them are."""
    named = write_zip(tmp_path / "a.zip", package([message(0, "a")]))
    unnamed = write_zip(tmp_path / "b.zip", without(package([message(5, "b")]), "user.json", "index.json"))
    corpus = checked(sources.read([unnamed, named] if first else [named, unnamed]))
    assert corpus.authors.rows() == [(OWNER, "Mira", True)]
    assert corpus.messages["author"].unique().to_list() == [OWNER]
    assert sorted(corpus.channels["title"].to_list()) == ["general", "sam"]


def test_two_people(tmp_path: Path) -> None:
    """Packages of two accounts are two people, and are not mixed."""
    other = package() | {"Account/user.json": f'{{"id": "{SAM}", "username": "sam"}}'.encode()}
    paths = [write_zip(tmp_path / "a.zip", package()), write_zip(tmp_path / "b.zip", other)]
    with pytest.raises(ExportError, match=rf"different accounts: Mira \({OWNER}\) and sam \({SAM}\)"):
        sources.read(paths)


def test_progress_over_several_paths(tmp_path: Path) -> None:
    """Progress goes up through all paths and ends at the whole."""
    progress: list[tuple[float, float]] = []
    paths = [write_zip(tmp_path / f"{name}.zip", package()) for name in "abc"]
    sources.read(paths, on_progress=lambda done, total: progress.append((done, total)))
    assert progress == sorted(progress)
    assert progress[-1] == (3000, 3000)


def test_batches_do_not_show(tmp_path: Path) -> None:
    """A package that takes many batches and pieces reads like one."""
    corpus = checked(sources.read([write_large(tmp_path / "p.zip", 50_000, 40)]))
    assert corpus.read["messages"] == 50_000
    assert corpus.messages.height == 50_000 - corpus.skipped.get("messages seen twice", 0)
    assert corpus.channels.height == corpus.messages["channel"].n_unique() == 40
