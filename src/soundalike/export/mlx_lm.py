"""A clone for mlx-lm: its low-rank adapter in mlx-lm's layout, or merged weights if all weights were trained.

mlx-lm loads transformers' folders, so the base of a low-rank adapter is used as it is.
"""

import json
from pathlib import Path

from soundalike.engines.adapter_files import CONFIG, adapter_settings, read_config, read_tensors
from soundalike.engines.adapter_layouts import mlx_config, to_mlx
from soundalike.engines.auto import config_from
from soundalike.engines.base_files import base_folder
from soundalike.export import ExportSource
from soundalike.export.merged import write_merged


def write_mlx(source: ExportSource, target: Path, folder: Path) -> list[str]:
    """Write into `target`, which becomes `folder`; returns a command that generates with it."""
    if adapter_settings(source.adapter)["method"] == "full":
        write_merged(source, target)
        where = ["--model", str(folder)]
    else:
        base = base_folder(source.base)
        write_adapter(source.adapter, target, _layers(base))
        where = ["--model", str(base), "--adapter-path", str(folder)]
    opening = f"{source.owner}:" if source.tagged else "so"
    return ["mlx_lm.generate", *where, "--ignore-chat-template", "--prompt", opening]


def write_adapter(peft: Path, target: Path, layers: int) -> None:
    """Write the PEFT adapter in the folder `peft` in mlx-lm's layout, for a base of `layers` layers."""
    from safetensors.torch import save_file

    factors = read_tensors(peft)
    transposed = {name: factor.contiguous() for name, factor in to_mlx(factors).items()}
    save_file(transposed, target / "adapters.safetensors")
    config = mlx_config(read_config(peft), factors, layers)
    (target / CONFIG).write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")


def _layers(base: Path) -> int:
    return int(config_from(base).num_hidden_layers)
