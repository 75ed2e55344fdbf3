"""A clone for mlx-lm: its adapter in mlx-lm's layout, or merged weights where all of them were learned.

mlx-lm reads transformers' folders as they are, so only a low-rank adapter needs writing. It knows weights, never text.
"""

import json
from pathlib import Path

from soundalike.engines.adapter_files import CONFIG, adapter_method, read_config, read_tensors
from soundalike.engines.adapter_layouts import mlx_config, to_mlx
from soundalike.engines.auto import config_from
from soundalike.engines.base_files import base_folder
from soundalike.export import Trained
from soundalike.export.merged import write_merged


def write_mlx(trained: Trained, target: Path, folder: Path) -> list[str]:
    """Write into `target`, which will be `folder`; gives the command that speaks with it."""
    method, _, _ = adapter_method(trained.adapter)
    if method == "full":
        write_merged(trained, target)
        where = ["--model", str(folder)]
    else:
        base = base_folder(trained.base)
        write_adapter(trained.adapter, target, _layers(base))
        where = ["--model", str(base), "--adapter-path", str(folder)]
    opening = f"{trained.owner}:" if trained.tagged else "so"
    return ["mlx_lm.generate", *where, "--ignore-chat-template", "--prompt", opening]


def write_adapter(peft: Path, target: Path, layers: int) -> None:
    """The PEFT adapter in the folder `peft` as mlx-lm reads it, for a base of so many layers."""
    from safetensors.torch import save_file

    factors = read_tensors(peft)
    turned = {name: factor.contiguous() for name, factor in to_mlx(factors).items()}
    save_file(turned, target / "adapters.safetensors")
    config = mlx_config(read_config(peft), factors, layers)
    (target / CONFIG).write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")


def _layers(base: Path) -> int:
    return int(config_from(base).num_hidden_layers)
