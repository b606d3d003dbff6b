"""Vectors as bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from citewell.model import Vector


def pack(vector: Vector) -> bytes:
    """Store a vector as float16: half the disk, cosine ≥ .99999 to float32."""
    return np.asarray(vector, dtype="<f2").tobytes()


def unpack(data: bytes) -> Vector:
    """Read a stored vector as float32."""
    return np.frombuffer(data, dtype="<f2").astype(np.float32)


def rounded(vector: Vector) -> Vector:
    """Return a vector as it will be read back, so that a rebuilt index equals the first one."""
    return unpack(pack(vector))
