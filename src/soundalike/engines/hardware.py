"""What torch finds of the machine: the processor's name and features, and how fast it multiplies, for estimates."""

import torch

from soundalike.machine import fastest


def processor() -> dict[str, bool | str]:
    """The processor's name and those of its features that decide how fast it learns."""
    told = torch.cpu.get_capabilities()
    features = ("avx2", "avx512_f", "avx512_bf16", "amx_bf16", "neon", "bf16")
    return {"name": str(told.get("cpu_name", ""))} | {name: bool(told[name]) for name in features if name in told}


def gpu_rate(size: int = 4_096) -> float | None:
    """FLOP/s of the GPU on bf16 products; None where PyTorch has no GPU that it can use."""
    if not torch.cuda.is_available():
        return None
    left, right = (torch.randn(size, size, dtype=torch.bfloat16, device="cuda") for _ in range(2))

    def product() -> None:
        _ = left @ right
        torch.cuda.synchronize()

    return 2 * size**3 / fastest(product, 10)


def processor_rate(dtype: torch.dtype, rows: int = 256, width: int = 512, repeats: int = 5) -> float:
    """FLOP/s of the processor on products of the size that training makes.

    Not larger: where bf16 is emulated, one product of 1,024 cubed takes seconds.
    """
    left, right = torch.randn(rows, width, dtype=dtype), torch.randn(width, width, dtype=dtype)
    return 2 * rows * width * width / fastest(lambda: left @ right, repeats)
