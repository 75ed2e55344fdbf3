"""What decides the weights besides the corpora: the model's shape, the schedule, and the share of each corpus."""

from collections.abc import Mapping
from dataclasses import dataclass

from soundalike.engines.llama_model import LlamaConfig
from soundalike.pocket.transcripts import SMALL_TALK

# Share of each corpus in the text. `even` made the first part of pocket; `chat` added hand-written small talk; `talk`
# and then `friends`, the most like a chat among friends, were read while the learning rate fell.
MIXTURES = {
    "even": {
        "self_dialogue": 0.34,
        "topical_chat": 0.14,
        "gitter": 0.24,
        "critical_role": 0.18,
        "ubuntu_irc": 0.10,
        SMALL_TALK: 0.0,
    },
    "chat": {
        "self_dialogue": 0.28,
        "topical_chat": 0.12,
        "gitter": 0.17,
        "critical_role": 0.14,
        "ubuntu_irc": 0.09,
        SMALL_TALK: 0.20,
    },
    "talk": {
        "self_dialogue": 0.26,
        "topical_chat": 0.11,
        "gitter": 0.11,
        "critical_role": 0.12,
        "ubuntu_irc": 0.06,
        SMALL_TALK: 0.34,
    },
    "friends": {
        "self_dialogue": 0.20,
        "topical_chat": 0.09,
        "gitter": 0.08,
        "critical_role": 0.08,
        "ubuntu_irc": 0.05,
        SMALL_TALK: 0.50,
    },
}

SHAPE = LlamaConfig(
    vocab_size=8_192,
    hidden_size=256,
    intermediate_size=704,
    num_hidden_layers=6,
    num_attention_heads=4,
    num_key_value_heads=1,
    head_dim=64,
    max_position_embeddings=512,
)


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that decides the weights besides the corpora."""

    seed: int = 1
    tokens: int = 14_000_000
    window: int = 512
    batch_windows: int = 16
    chunk_conversations: int = 2_048
    vocabulary: int = 8_192
    matrix_rate: float = 0.02
    vector_rate: float = 3e-3
    weight_decay: float = 0.05
    warmup_steps: int = 50
    decay_share: float = 0.3
    peak: float = 1.0
    mixture: str = "chat"
    clip: float = 1.0

    @property
    def step_tokens(self) -> int:
        """Tokens of a step."""
        return self.window * self.batch_windows

    @property
    def shares(self) -> Mapping[str, float]:
        """Share of the text by corpus."""
        return MIXTURES[self.mixture]

    @property
    def steps(self) -> int:
        """Steps of the whole run."""
        return self.tokens // self.step_tokens

    def rate(self, step: int, began: int = 0) -> float:
        """Learning rate as a share of the full one: warm-up to `peak`, constant, linear decay to 0 (arXiv 2405.18392).

        A finished run that continues with more tokens repeats all of it from step `began` (arXiv 2410.05192).
        """
        decay = self.decay_share * (self.steps - began)
        return self.peak * min((step - began + 1) / self.warmup_steps, 1.0, (self.steps - step) / decay)
