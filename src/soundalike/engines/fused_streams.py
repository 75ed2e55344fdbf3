"""Streams that generate side by side through fused.c, and the logits that its passes write."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from soundalike.engines.chunked_prefill import split_prompt

if TYPE_CHECKING:
    from soundalike.engines.fused import FusedDecoder

PREFILL_CHUNK = 128  # tokens of a long prompt that are read between two tokens of other streams


@dataclass(slots=True, eq=False)
class Stream:
    """One stream: its cache of keys and values, all its tokens, how many are in the cache, how many are to be read.

    `begins_as` is a stream that shares its first `shared` tokens and reads them in its place.
    """

    cache: NDArray[np.float16]
    tokens: list[int]
    length: int = 0
    unread: int = 0
    begins_as: "Stream | None" = None
    shared: int = 0


@dataclass(frozen=True, slots=True)
class LogitsBuffer:
    """Logits (rows, padded vocabulary) and their log-sum-exp over the vocabulary (rows,), float32."""

    logits: NDArray[np.float32]
    logsumexp: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.logsumexp)

    def take(self, rows: slice | list[int]) -> "LogitsBuffer":
        """These rows; of a slice, a view."""
        return LogitsBuffer(self.logits[rows], self.logsumexp[rows])

    def followed_by(self, more: "LogitsBuffer") -> "LogitsBuffer":
        """These rows, then those of `more`."""
        logits, logsumexp = (self.logits, more.logits), (self.logsumexp, more.logsumexp)
        return LogitsBuffer(np.concatenate(logits), np.concatenate(logsumexp))


class FusedStreams:
    """Running streams, each with a cache of its own.

    Tokens are read when logits are asked for: next tokens and the prompts of new streams in one pass, and nothing of
    streams that have left in the meantime.
    """

    def __init__(self, decoder: "FusedDecoder") -> None:
        self._decoder = decoder
        self._streams: list[Stream] = []
        self._computed = decoder.empty_logits(0)  # of the first streams; the others have unread tokens

    @property
    def max_concurrent_prefills(self) -> int:
        """One prompt for each core."""
        return self._decoder.threads

    @property
    def logits(self) -> NDArray[np.float32]:
        """Logits of each stream's next token, (streams, vocabulary)."""
        return self._compute().logits[:, : self._decoder.config.vocab_size]

    @property
    def logsumexp(self) -> NDArray[np.float32]:
        """Log-sum-exp of each row of `logits`, (streams,)."""
        return self._compute().logsumexp

    @property
    def exhausted(self) -> list[int]:
        """Rows whose context is full."""
        most = self._decoder.max_positions
        return [row for row, stream in enumerate(self._streams) if len(stream.tokens) >= most]

    def join(self, prompts: Sequence[Sequence[int]]) -> None:
        """Add prompts as new streams after the running ones; they are read with the next pass."""
        for prompt in prompts:
            self._streams.append(self._decoder.new_stream(self._fitting(prompt), self._streams))

    def prefill_chunks(self, prompts: Sequence[Sequence[int]]) -> Iterator[None]:
        """Prefill prompts, a chunk of each per step; the last chunks are read with the next pass.

        See `SupportsChunkedPrefill`.
        """
        streams = [self._decoder.new_stream(self._fitting(prompt)) for prompt in prompts]
        chunks = [[len(chunk) for chunk in split_prompt(range(stream.unread), PREFILL_CHUNK)] for stream in streams]
        while unfinished := [(stream, rest) for stream, rest in zip(streams, chunks, strict=True) if len(rest) > 1]:
            for stream, rest in unfinished:
                stream.unread = rest.pop(0)
            self._decoder.forward([stream for stream, _ in unfinished])
            yield
        for stream, rest in zip(streams, chunks, strict=True):
            stream.unread = rest.pop(0)
        self._streams += streams

    def _fitting(self, prompt: Sequence[int]) -> Sequence[int]:
        """The end of a prompt that leaves room for one more token."""
        return prompt[1 - self._decoder.max_positions :]

    def advance(self, tokens: Sequence[int]) -> None:
        """Append one token to each stream."""
        self._compute()
        for stream, token in zip(self._streams, tokens, strict=True):
            stream.tokens.append(token)
            stream.unread = 1
        self._computed = self._decoder.empty_logits(0)

    def keep(self, rows: Sequence[int]) -> None:
        """Keep only these streams, in this order."""
        if len(self._computed):
            self._computed = self._compute().take(list(rows))
        kept = [self._streams[row] for row in rows]
        self._decoder.leave(stream for stream in self._streams if stream not in kept)
        self._streams = kept

    def _compute(self) -> LogitsBuffer:
        """Logits of all streams, after a pass over those with unread tokens."""
        unread = self._streams[len(self._computed) :]
        if unread:
            new = self._decoder.forward(unread)
            self._computed = self._computed.followed_by(new) if len(self._computed) else new
        return self._computed
