"""The processor and the GPU as torch sees them, and how fast they multiply; for `doctor` and for estimates."""

import torch

from soundalike.machine import fastest

FEATURES = ("avx2", "avx512_f", "avx512_bf16", "amx_bf16", "neon", "bf16")  # those that decide how fast training is


def processor() -> dict[str, bool | str]:
    """The processor's `name`, and whether it has each of FEATURES that this platform knows."""
    capabilities = torch.cpu.get_capabilities()
    features = {name: bool(capabilities[name]) for name in FEATURES if name in capabilities}
    return {"name": str(capabilities.get("cpu_name", ""))} | features


def gpu_rate(size: int = 4_096) -> float | None:
    """FLOP/s of the GPU on bf16 products of `size` x `size` matrices; None if PyTorch can use no GPU."""
    if not torch.cuda.is_available():
        return None
    left, right = (torch.randn(size, size, dtype=torch.bfloat16, device="cuda") for _ in range(2))

    def multiply() -> None:
        _ = left @ right
        torch.cuda.synchronize()

    return 2 * size**3 / fastest(multiply, 10)


def processor_rate(dtype: torch.dtype, rows: int = 256, width: int = 512, repeats: int = 5) -> float:
    """FLOP/s of the processor on (rows, width) x (width, width) products, a size that training has.

    They are small because, where bf16 is emulated, one product of 1,024 cubed takes seconds.
    """
    left, right = torch.randn(rows, width, dtype=dtype), torch.randn(width, width, dtype=dtype)
    return 2 * rows * width * width / fastest(lambda: left @ right, repeats)
