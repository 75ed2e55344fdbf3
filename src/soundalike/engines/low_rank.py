"""A low-rank adapter in PEFT's layout, read without a tensor library: what it adds to the weights of a base.

Layout: https://huggingface.co/docs/peft/developer_guides/checkpoint
"""

import json
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from soundalike.engines.adapter_files import CONFIG, WEIGHTS

_PREFIX = "base_model.model."


class LowRankDifference:
    """The factors in `folder`: A (rank, inputs) and B (outputs, rank) of each weight that the adapter changes."""

    def __init__(self, folder: Path) -> None:
        from safetensors.numpy import load_file

        config = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
        self._scale = config["lora_alpha"] / config["r"]
        self._factors = load_file(folder / WEIGHTS)

    def changed(self) -> set[str]:
        """The names of the weights that the adapter changes, as transformers has them."""
        return {name.removeprefix(_PREFIX).replace(".lora_A.", ".") for name in self._factors if ".lora_A." in name}

    def added_to(self, name: str, weight: NDArray[np.float32]) -> NDArray[np.float32]:
        """W + (alpha / rank) B A, (outputs, inputs); the weight itself if the adapter does not change it."""
        module = f"{_PREFIX}{name.removesuffix('.weight')}"
        if f"{module}.lora_A.weight" not in self._factors:
            return weight
        a, b = (self._factors[f"{module}.lora_{letter}.weight"].astype(np.float32) for letter in "AB")
        return weight + np.float32(self._scale) * (b @ a)
