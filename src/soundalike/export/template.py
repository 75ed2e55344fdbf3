"""Chat templates for programs with roles: the owner is the assistant, everybody else the user.

Both the Jinja template (transformers, vLLM, mlx-lm, llama.cpp) and the Go template of an Ollama Modelfile are generated
from a `ChatFormat` and render the same text. It is the text of `prompt_template.render`, so that the model reads in
other programs what it read in training.
"""

import json
from dataclasses import dataclass

from soundalike.export import ExportSource

OTHER = "you"
SYSTEM, ASSISTANT = "system", "assistant"  # system messages are left out: the model never had instructions
SPACES = [character for character in map(chr, range(0x10000)) if character.isspace() and character != "\r"]
"""Trimmed off the ends of a message, as in Python and Jinja; carriage returns are removed everywhere."""


@dataclass(frozen=True, slots=True)
class ChatFormat:
    """Whether lines of a transcript begin with a name: `owner` is the owner's, None for lines without names."""

    owner: str | None

    @classmethod
    def of(cls, source: ExportSource) -> "ChatFormat":
        """The format in which the clone was trained."""
        return cls(source.owner if source.tagged else None)

    @property
    def quoted(self) -> str:
        """The owner's name as a string literal of Jinja and Go, which have no escapes for surrogate pairs."""
        return json.dumps(self.owner, ensure_ascii=False)


def jinja(chat: ChatFormat) -> str:
    """A Jinja template that renders messages with roles as a transcript.

    With `add_generation_prompt` it ends where the owner writes next. A message's `name`, unless it is the owner's,
    begins its line. A line break inside a message is followed by a tab, as in training.
    """
    name = r"m['name'] | replace('\n', ' ') | replace(':', ' ')"
    other = f"({name} if m['name'] and m['name'] != {chat.quoted} else '{OTHER}')"
    head = f"{{{{ {chat.quoted} if m['role'] == '{ASSISTANT}' else {other} }}}}: " if chat.owner else ""
    body = r"{{ m['content'] | replace('\r', '') | trim | replace('\n', '\n\t') }}" + "\n"
    last = f"{{{{ {chat.quoted} }}}}:" if chat.owner else ""
    loop = f"{{% for m in messages if m['role'] != '{SYSTEM}' %}}{head}{body}{{% endfor %}}"
    return f"{{{{ bos_token }}}}{loop}{{% if add_generation_prompt %}}{last}{{% endif %}}"


def go(chat: ChatFormat) -> str:
    """The same in Go's text/template with Ollama's functions, which have neither `trim` nor `replace`.

    Each message is therefore read twice, character by character: first to find `$tail`, the blanks at its end, then to
    write what is before it, from the first character on that is not a blank. Ranging over a number needs Go 1.24.
    """
    spaces = " ".join(json.dumps(space) for space in SPACES)
    take = '{{ $c := printf "%.1s" $rest }}{{ $rest = slice $rest (len $c) }}'
    head = f'{{{{ if eq $m.Role "{ASSISTANT}" }}}}{{{{ {chat.quoted} }}}}{{{{ else }}}}{OTHER}{{{{ end }}}}: '
    find = (
        "{{ $rest := $m.Content }}{{ $tail := $rest }}{{ range len $rest }}{{ if $rest }}"
        + take
        + f'{{{{ if not (eq $c "\\r" {spaces}) }}}}{{{{ $tail = $rest }}}}{{{{ end }}}}{{{{ end }}}}{{{{ end }}}}'
    )
    write = (
        "{{ $rest = $m.Content }}{{ $begun := false }}{{ range len $rest }}{{ if gt (len $rest) (len $tail) }}"
        + take
        + f'{{{{ if and (ne $c "\\r") (or $begun (not (eq $c {spaces}))) }}}}{{{{ $begun = true }}}}{{{{ $c }}}}'
        + '{{ if eq $c "\\n" }}{{ "\\t" }}{{ end }}{{ end }}{{ end }}{{ end }}'
    )
    last = f"{{{{ {chat.quoted} }}}}:" if chat.owner else ""
    turn = f"{head if chat.owner else ''}{find}{write}\n"
    return f'{{{{ range $m := .Messages }}}}{{{{ if ne $m.Role "{SYSTEM}" }}}}{turn}{{{{ end }}}}{{{{ end }}}}{last}'


def chat_template(source: ExportSource) -> str:
    """The Jinja template of a clone, for a tokenizer's `chat_template`."""
    return jinja(ChatFormat.of(source))


def modelfile(source: ExportSource, weights: str) -> str:
    """An Ollama Modelfile for the GGUF file `weights` beside it; a reply stops at the end of its line.

    The format is that of docs.ollama.com/modelfile.
    """
    sampling = source.recipe.sampling
    values = {
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "top_k": sampling.top_k,
        "min_p": sampling.min_p,
        "repeat_penalty": 1.0,
        "num_predict": source.recipe.limits.tokens,
        "num_ctx": source.window,
    }
    parameters = "".join(f"PARAMETER {name} {value}\n" for name, value in values.items())
    return f'FROM ./{weights}\nTEMPLATE """{go(ChatFormat.of(source))}"""\n{parameters}PARAMETER stop """\n"""\n'
