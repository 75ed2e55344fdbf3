"""The transcript template for programs that speak in roles: the owner is the assistant, everybody else the user.

Gives a Jinja chat template, which transformers, vLLM and llama.cpp read, and an Ollama Modelfile. Both write what
`transcript.render` writes, so that the model reads in other programs what it read in training.
"""

import json

from soundalike.export import Trained

OTHER = "you"


def chat_template(trained: Trained) -> str:
    """Jinja: messages of roles -> a transcript, open where the owner speaks next.

    A message's `name`, where it has one, stands at the head of its line; a line break inside a message is newline
    and tab. Without names in the transcript nothing stands there.
    """
    owner = json.dumps(trained.owner)
    head = f"{{{{ {owner} if m['role'] == 'assistant' else m['name'] or '{OTHER}' }}}}: " if trained.tagged else ""
    body = "{{ m['content'] | trim | replace('\\n', '\\n\\t') }}\n"
    last = f"{{{{ {owner} }}}}:" if trained.tagged else ""
    loop = "{% for m in messages if m['role'] != 'system' %}" + head + body + "{% endfor %}"
    return "{{ bos_token }}" + loop + "{% if add_generation_prompt %}" + last + "{% endif %}"


def modelfile(trained: Trained, weights: str) -> str:
    """An Ollama Modelfile for the GGUF file `weights` beside it.

    Source of the format: docs.ollama.com/modelfile. A reply is one message: it stops at the line's end.
    """
    owner, sampling = json.dumps(trained.owner, ensure_ascii=False), trained.recipe.sampling
    name = f'{{{{ if eq .Role "assistant" }}}}{{{{ {owner} }}}}{{{{ else }}}}{OTHER}{{{{ end }}}}'
    head = f"{name}: " if trained.tagged else ""
    last = f"{{{{ {owner} }}}}:" if trained.tagged else ""
    template = f"{{{{- range .Messages }}}}{head}{{{{ .Content }}}}\n{{{{ end }}}}{last}"
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
    return f'FROM ./{weights}\nTEMPLATE """{template}"""\n{parameters}PARAMETER stop """\n"""\n'
