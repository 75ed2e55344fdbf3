"""The embedded base model: a small Llama-shaped model of short informal chat that ships inside the package."""

BYTES_A_TOKEN = 3.3  # of chat, speaker names included
PARAMETERS = 6_327_552
TRAINING_FLOPS_A_TOKEN = 6 * PARAMETERS  # two to read a weight forward, four backward
TRAINING_SHARE = 0.6  # of the rate of a large matrix product that a training step reaches
