"""A `tokenizer.json` in GGUF.

GGUF has pre-tokenizers by name only. A tokenizer whose rules have no name in llama.cpp raises `EngineError`, because
llama.cpp would split words differently than in training without an error. The names and their regular expressions are
those of llama.cpp, src/llama-vocab.cpp.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from soundalike.errors import EngineError

if TYPE_CHECKING:
    from gguf import GGUFWriter

GPT_4 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
QWEN = GPT_4.replace(r"\p{N}{1,3}", r"\p{N}")
NAMES = {("ByteLevel",): "gpt-2", ("Digits", "ByteLevel"): "smollm", (QWEN,): "qwen2", (GPT_4,): "dbrx"}
"""The rules that split a text before merges -> their name in llama.cpp."""

USE_MERGED, MERGED = "Use --to merged.", "Export it for transformers and vLLM."  # an advice, and that of the page


def add_vocabulary(writer: "GGUFWriter", folder: Path, config: Any) -> None:
    """Add tokens, merges and special tokens of the tokenizer in `folder`, for a model of the transformers `config`.

    `EngineError` where it is neither byte-level BPE with rules in NAMES nor BPE with byte fallback.
    """
    from gguf import SpecialVocab

    rules = json.loads((folder / "tokenizer.json").read_text("utf-8"))
    model = rules["model"]
    if model["type"] != "BPE":
        raise EngineError(f"A {model['type']} tokenizer cannot be written as GGUF here.", USE_MERGED, MERGED)
    fallback = bool(model.get("byte_fallback"))
    writer.add_tokenizer_model("llama" if fallback else "gpt2")
    writer.add_tokenizer_pre("default" if fallback else pre_tokenizer(rules))
    if fallback:
        writer.add_add_space_prefix(any(map(_opens_with_space, (rules["normalizer"], rules["pre_tokenizer"]))))
    tokens = list(_tokens(rules, config.vocab_size, fallback))
    writer.add_token_list([text for text, _ in tokens])
    writer.add_token_types([kind for _, kind in tokens])
    if fallback:  # merges are ranked by token id, and sentencepiece merges the best score first
        writer.add_token_scores([-float(number) for number in range(len(tokens))])
    SpecialVocab(folder, load_merges=not fallback, n_vocab=len(tokens)).add_to_gguf(writer, quiet=True)


def pre_tokenizer(rules: dict[str, Any]) -> str:
    """llama.cpp's name of a byte-level tokenizer's splitting rules; `EngineError` where there is none."""
    name = NAMES.get(tuple(_splits(rules["pre_tokenizer"])))
    if name is None:
        raise EngineError("llama.cpp has no name for how this base splits words.", USE_MERGED, MERGED)
    return "llama-bpe" if name == "dbrx" and rules["model"].get("ignore_merges") else name


def _splits(step: dict[str, Any] | None) -> Iterator[str]:
    """The steps of a pre-tokenizer: a regular expression, or the name of a step of the tokenizers library."""
    kind = (step or {}).get("type")
    if step is None or kind == "ByteLevel" and not step["use_regex"]:
        return
    if kind == "Sequence":
        for inner in step["pretokenizers"]:
            yield from _splits(inner)
    elif kind == "Split" and not step["invert"] and step["behavior"] == "Isolated":
        yield step["pattern"].get("Regex", "")
    elif kind == "ByteLevel" and not step["add_prefix_space"] or kind == "Digits" and step["individual_digits"]:
        yield kind
    else:
        yield f"{kind} of another kind"


def _opens_with_space(step: dict[str, Any] | None) -> bool:
    """Whether a normalizer or pre-tokenizer puts a space before the text."""
    if step is None:
        return False
    if step["type"] == "Sequence":
        return any(map(_opens_with_space, step.get("normalizers") or step["pretokenizers"]))
    return bool(step["type"] == "Prepend" or (step["type"] == "Metaspace" and step["prepend_scheme"] != "never"))


def _tokens(rules: dict[str, Any], size: int, fallback: bool) -> Iterator[tuple[str, int]]:
    """(token, type) of each id below `size`; an id that the tokenizer does not use gets a placeholder."""
    from gguf import TokenType

    added = {token["id"]: token for token in rules["added_tokens"]}
    texts = {number: text for text, number in rules["model"]["vocab"].items()}
    for number in range(max(size, len(texts))):
        if number in added:
            special = added[number]["special"]
            yield added[number]["content"], TokenType.CONTROL if special else TokenType.USER_DEFINED
        elif number not in texts:
            yield f"[unused{number}]", TokenType.UNUSED
        elif fallback and texts[number].startswith("<0x") and texts[number].endswith(">"):
            yield texts[number], TokenType.BYTE
        else:
            yield texts[number], TokenType.NORMAL
