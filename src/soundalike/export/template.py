"""The transcript template for programs that speak in roles: the owner is the assistant, everybody else the user.

`Turns` says what a chat in roles becomes; a Jinja chat template, which transformers, vLLM, mlx-lm and llama.cpp read,
and an Ollama Modelfile, whose template is Go's, are both written from it and give the same text. It is the text that
`transcript.render` writes, so that the model reads in other programs what it read in training.
"""

import json
from dataclasses import dataclass

from soundalike.export import Trained

OTHER = "you"
SKIPPED, OWN = "system", "assistant"  # roles: nobody ever gave the model instructions; the owner's lines
INNER = "\t"  # after a line break inside a message, so that its next line is no turn
SPACES = [character for character in map(chr, range(0x10000)) if character.isspace() and character != "\r"]
"""What is trimmed off a message's ends, as Python and Jinja do; carriage returns are left out everywhere."""


@dataclass(frozen=True, slots=True)
class Turns:
    """How a chat is written: lines headed by `owner` or by who speaks, or without heads where `owner` is None."""

    owner: str | None

    @classmethod
    def of(cls, trained: Trained) -> "Turns":
        """As the clone was trained."""
        return cls(trained.owner if trained.tagged else None)

    @property
    def quoted(self) -> str:
        """The owner's name as a string literal of Jinja and of Go; `\\ud83d` would be half a character to both."""
        return json.dumps(self.owner, ensure_ascii=False)


def jinja(turns: Turns) -> str:
    """Messages of roles -> a transcript, with `add_generation_prompt` open where the owner speaks next.

    A message's `name`, where it has one that is not the owner's, stands at the head of its line.
    """
    name = r"m['name'] | replace('\n', ' ') | replace(':', ' ')"
    other = f"({name} if m['name'] and m['name'] != {turns.quoted} else '{OTHER}')"
    head = f"{{{{ {turns.quoted} if m['role'] == '{OWN}' else {other} }}}}: " if turns.owner else ""
    body = r"{{ m['content'] | replace('\r', '') | trim | replace('\n', '\n\t') }}" + "\n"
    last = f"{{{{ {turns.quoted} }}}}:" if turns.owner else ""
    loop = f"{{% for m in messages if m['role'] != '{SKIPPED}' %}}{head}{body}{{% endfor %}}"
    return f"{{{{ bos_token }}}}{loop}{{% if add_generation_prompt %}}{last}{{% endif %}}"


def go(turns: Turns) -> str:
    """The same in Go's text/template with what Ollama adds to it, which is neither `trim` nor `replace`.

    So each message is gone through character by character, twice: `$tail` is first what follows the last character that
    is no blank; then all before it is written, from the first such character on. Ranging over a number needs Go 1.24.
    """
    spaces = " ".join(json.dumps(space) for space in SPACES)
    take = '{{ $c := printf "%.1s" $rest }}{{ $rest = slice $rest (len $c) }}'
    head = f'{{{{ if eq $m.Role "{OWN}" }}}}{{{{ {turns.quoted} }}}}{{{{ else }}}}{OTHER}{{{{ end }}}}: '
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
    last = f"{{{{ {turns.quoted} }}}}:" if turns.owner else ""
    turn = f"{head if turns.owner else ''}{find}{write}\n"
    return f'{{{{ range $m := .Messages }}}}{{{{ if ne $m.Role "{SKIPPED}" }}}}{turn}{{{{ end }}}}{{{{ end }}}}{last}'


def chat_template(trained: Trained) -> str:
    """Jinja, for a tokenizer's `chat_template`."""
    return jinja(Turns.of(trained))


def modelfile(trained: Trained, weights: str) -> str:
    """An Ollama Modelfile for the GGUF file `weights` beside it.

    Source of the format: docs.ollama.com/modelfile. A reply is one message: it stops at the line's end.
    """
    sampling = trained.recipe.sampling
    knobs = {
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "top_k": sampling.top_k,
        "min_p": sampling.min_p,
        "repeat_penalty": 1.0,
        "num_predict": trained.recipe.limits.tokens,
        "num_ctx": trained.window,
    }
    parameters = "".join(f"PARAMETER {name} {value}\n" for name, value in knobs.items())
    return f'FROM ./{weights}\nTEMPLATE """{go(Turns.of(trained))}"""\n{parameters}PARAMETER stop """\n"""\n'
