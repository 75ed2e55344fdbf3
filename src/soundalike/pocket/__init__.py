"""The built-in base model: a small Llama-shaped model of short informal chat, whose weights ship with the package."""

BYTES_A_TOKEN = 3.3  # UTF-8 bytes of chat in a token, speaker names included; measured
PARAMETERS = 6_327_552
TRAINING_FLOPS_A_TOKEN = 6 * PARAMETERS  # 2 a weight in the forward pass, 4 in the backward pass
TRAINING_SHARE = 0.6  # FLOP/s of a training step over those of a large matrix product; measured
