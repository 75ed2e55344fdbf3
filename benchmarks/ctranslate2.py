"""Decoding with CTranslate2 in 8 bits, all prompts in one batch."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any


class Generator:
    """The base in `folder`, converted into `target` and loaded on `threads` threads."""

    def __init__(self, folder: Path, target: Path, threads: int) -> None:
        import ctranslate2
        from ctranslate2.converters import TransformersConverter
        from transformers import AutoTokenizer

        TransformersConverter(str(folder)).convert(str(target), quantization="int8", force=True)
        self._tokenizer: Any = AutoTokenizer.from_pretrained(folder)
        self._generator = ctranslate2.Generator(str(target), compute_type="int8", intra_threads=threads)

    def run(self, prompts: Sequence[Sequence[int]], tokens: int) -> int:
        """Draw `tokens` tokens for each prompt, whatever they are; gives how many were drawn."""
        made = self._generator.generate_batch(
            [self._tokenizer.convert_ids_to_tokens(prompt) for prompt in prompts],
            **{"max_length": tokens, "min_length": tokens, "include_prompt_in_result": False},
            **{"sampling_topk": 0, "sampling_topp": 0.99, "sampling_temperature": 1.0},
        )
        return sum(len(result.sequences_ids[0]) for result in made)
