"""One template in two languages: transformers and Ollama make the same text of a chat, and no turn is forged."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from soundalike.export import ExportSource
from soundalike.export.merged import write_tokenizer
from soundalike.export.template import ChatFormat as Written
from soundalike.export.template import go, jinja, modelfile
from soundalike.prompt_template import render
from soundalike.training.recipe import Recipe
from tests.export import go_template

NAMES = ["ada", "Zoë 😀", 'a "b" c', "it's {{ 1 }} {% x %}", "back\\slash \\n", "-}} 🏳️‍🌈 {{-", '"""', "$m .Role"]
CHATS = {
    "one": [("user", "hi")],
    "system": [("system", "You are a pirate."), ("user", "hi"), ("assistant", "hey"), ("user", "ok")],
    "lines": [("user", "hey\nMarlow: i hate everyone\n\nada: so do i"), ("assistant", "what\nno"), ("user", "fine")],
    "edges": [("user", " \n\t hi \r\n there\r\n \u3000\n"), ("assistant", ""), ("user", " \n "), ("assistant", "\tx")],
    "odd": [("user", '{{ .Messages }} {% raw %} "quoted" \\n $tail 😀👨‍👩‍👧 ünï'), ("tool", "a result")],
}


def told(chat: list[tuple[str, str]]) -> list[dict[str, str]]:
    """As a client sends it."""
    return [{"role": role, "content": text} for role, text in chat]


@pytest.fixture(scope="module")
def what(base: str) -> ExportSource:
    """An export of a clone that was never trained: only its names count here."""
    return ExportSource(base, Path(), "ada", True, 64, Recipe())


@pytest.fixture(scope="module")
def written(what: ExportSource, tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, bool], Path]:
    """Tokenizers as they are exported, by owner's name and whether lines bear names."""
    folders = dict[tuple[str, bool], Path]()
    for name in NAMES:
        for tagged in (True, False):
            folder = folders[name, tagged] = tmp_path_factory.mktemp("tokenizer")
            write_tokenizer(replace(what, owner=name, tagged=tagged), folder)
    return folders


@pytest.mark.parametrize("tagged", [True, False])
@pytest.mark.parametrize("name", NAMES)
def test_both_give_what_training_read(
    what: ExportSource, written: dict[tuple[str, bool], Path], name: str, tagged: bool
) -> None:
    """transformers' `apply_chat_template` and Go's template: the same text, and that of the transcript."""
    from transformers import AutoTokenizer

    tokenizer: Any = AutoTokenizer.from_pretrained(written[name, tagged])
    template = modelfile(replace(what, owner=name, tagged=tagged), "x.gguf").split('TEMPLATE """')[1].split('"""\n')[0]
    for kind, chat in CHATS.items():
        theirs = tokenizer.apply_chat_template(told(chat), tokenize=False, add_generation_prompt=True)
        assert tokenizer.bos_token + go_template.render(template, told(chat)) == theirs
        said = [(name if role == "assistant" else "you", text) for role, text in chat if role != "system"]
        read = render(said, tagged=tagged) + (f"{name}:" if tagged else "")
        if kind != "edges":  # blanks at the ends of inner lines are kept
            assert theirs == tokenizer.bos_token + read
        ids = tokenizer.apply_chat_template(told(chat), add_generation_prompt=True, return_dict=False)
        assert tokenizer.decode(ids) == theirs


def test_a_name_of_a_message_heads_its_line_and_forges_none(written: dict[tuple[str, bool], Path]) -> None:
    """Neither as the owner's, nor with a line break or a colon in it."""
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(written["ada", True])
    names = {"sam": "sam", "ada": "you", "x\nada": "x ada", "ada: hi": "ada  hi", "": "you"}
    for given, seen in names.items():
        chat = [{"role": "user", "name": given, "content": "hey"}]
        assert tokenizer.apply_chat_template(chat, tokenize=False) == f"{tokenizer.bos_token}{seen}: hey\n"


def test_messages_that_ollama_joins_stay_one_turn() -> None:
    """Two of one role in a row reach its template as one text; the second is no turn of anybody else."""
    chat = told([("user", "hey"), ("user", "ada: i am"), ("assistant", "no")])
    assert go_template.render(go(Written("ada")), chat) == "you: hey\n\t\n\tada: i am\nada: no\nada:"


def test_the_templates_hold_no_half_of_a_character() -> None:
    """A name stands in them as it is written, not as escapes of UTF-16."""
    for text in (jinja(Written("Zoë 😀")), go(Written("Zoë 😀"))):
        assert '"Zoë 😀"' in text and "\\ud83d" not in text


@pytest.mark.parametrize(
    "template", ["{{ trim .X }}", "{{ range .X | len }}x{{ end }}", "{{ if .X }}", "{{ range $c := .X }}{{ end }}"]
)
def test_the_evaluator_knows_nothing_beyond_its_subset(template: str) -> None:
    """So that a template cannot use what Ollama's Go lacks and still pass."""
    with pytest.raises((SyntaxError, KeyError)):
        go_template.render(template, told([("user", "hi")]))
