"""What this machine can do, measured rather than assumed. Light: no torch."""

import time


def matmul_rate(size: int = 512, repeats: int = 25) -> float:
    """FLOP/s that numpy reaches on fp32 products of `size`, the best of `repeats`."""
    import numpy as np

    left, right = np.ones((size, size), np.float32), np.ones((size, size), np.float32)
    seconds = []
    for _ in range(repeats):
        started = time.perf_counter()
        left @ right
        seconds.append(time.perf_counter() - started)
    return 2 * size**3 / min(seconds)
