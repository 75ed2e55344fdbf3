"""Decoding with llama.cpp through its own interface, many streams in one batch, as its server runs them."""

import ctypes
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import llama_cpp as api


class Context:
    """A GGUF file ready to go on with `streams` prompts side by side, each at most `length` tokens long."""

    def __init__(self, file: Path, streams: int, length: int, threads: int) -> None:
        api.llama_backend_init()
        self._quiet = api.llama_log_callback(lambda level, text, data: None)
        api.llama_log_set(self._quiet, ctypes.c_void_p(0))
        self._model = api.llama_model_load_from_file(str(file).encode(), api.llama_model_default_params())
        settings = api.llama_context_default_params()
        settings.n_ctx, settings.n_seq_max, settings.n_batch = streams * length, streams, streams * length
        settings.n_threads = settings.n_threads_batch = threads
        self._context = api.llama_init_from_model(self._model, settings)
        self._batch = api.llama_batch_init(streams * length, 0, 1)
        self._streams, self._sampler = streams, _sampler()

    def run(self, prompts: Sequence[Sequence[int]], tokens: int) -> int:
        """Draw `tokens` tokens after each of the prompts, which are equally long; gives how many were drawn."""
        api.llama_memory_clear(api.llama_get_memory(self._context), True)
        length = len(prompts[0])
        reads = [(token, at, stream) for stream, prompt in enumerate(prompts) for at, token in enumerate(prompt)]
        rows = [(stream + 1) * length - 1 for stream in range(self._streams)]
        self._decode(reads, set(rows))
        for at in range(length, length + tokens):
            drawn = [api.llama_sampler_sample(self._sampler, self._context, row) for row in rows]
            rows = list(range(self._streams))
            self._decode([(token, at, stream) for stream, token in enumerate(drawn)], set(rows))
        return self._streams * tokens

    def _decode(self, reads: Sequence[tuple[int, int, int]], wanted: set[int]) -> None:
        """Read (token, position, stream) rows; logits for the rows in `wanted`."""
        batch: Any = self._batch
        batch.n_tokens = len(reads)
        for row, (token, position, stream) in enumerate(reads):
            batch.token[row], batch.pos[row] = token, position
            batch.n_seq_id[row], batch.seq_id[row][0] = 1, stream
            batch.logits[row] = row in wanted
        if api.llama_decode(self._context, batch):
            raise SystemExit("llama.cpp could not decode")


def _sampler() -> Any:
    """top-p 0.99, then a draw: as ours, but for DRY."""
    chain = api.llama_sampler_chain_init(api.llama_sampler_chain_default_params())
    for rule in (
        api.llama_sampler_init_top_p(0.99, 1),
        api.llama_sampler_init_dist(1),
    ):
        api.llama_sampler_chain_add(chain, rule)
    return chain
