"""CRC32C and CRC64NVME at some hundred megabytes a second: many lanes at once, joined by the linearity of a CRC.

The standard library has neither, and the AWS CLI prefers them. NumPy runs the table-driven algorithm down the columns
of a matrix whose rows are pieces of the data; the rows' results are joined as in zlib's crc32_combine. Parameters:
RFC 3720 (CRC-32C) and the NVM Express Base Specification (64-bit CRC).
"""

import functools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_LANE_BYTES = 256


@dataclass(frozen=True, slots=True)
class CrcKind:
    """A reflected CRC with all bits set at the start and inverted at the end."""

    width: int
    """In bits."""
    polynomial: int
    """Reflected."""


CRC32C = CrcKind(32, 0x82F63B78)
CRC64NVME = CrcKind(64, 0x9A6C9329AC4BC9B5)


class LanedCrc:
    """Any `CrcKind`, at some hundred megabytes a second."""

    def __init__(self, kind: CrcKind) -> None:
        self._kind = kind
        self._mask = (1 << kind.width) - 1
        self._state = self._mask
        self._rest = b""

    def update(self, data: bytes) -> None:
        """Take in the next bytes."""
        data = self._rest + data
        whole = len(data) - len(data) % _LANE_BYTES
        self._rest = data[whole:]
        if whole:
            lanes = np.frombuffer(data, dtype=np.uint8, count=whole).reshape(-1, _LANE_BYTES)
            self._state = self._advance(self._state, len(lanes)) ^ _join(_run_lanes(lanes, self._kind), self._kind)

    def digest(self) -> bytes:
        """Give the checksum's bytes."""
        table = _byte_table(self._kind)
        state = self._state
        for byte in self._rest:
            state = int(table[(state ^ byte) & 0xFF]) ^ (state >> 8)
        return (state ^ self._mask).to_bytes(self._kind.width // 8, "big")

    def _advance(self, state: int, num_lanes: int) -> int:
        """Let `state` go over so many lanes of zeros."""
        level = 0
        vector = np.array([state], dtype=np.uint64)
        while num_lanes:
            if num_lanes & 1:
                vector = _apply(_lane_operator(self._kind, level), vector)
            num_lanes >>= 1
            level += 1
        return int(vector[0])


def _run_lanes(lanes: NDArray[np.uint8], kind: CrcKind) -> NDArray[np.uint64]:
    """Give the CRC state of each row, each begun at zero."""
    table = _byte_table(kind)
    states = np.zeros(len(lanes), dtype=np.uint64)
    for column in np.ascontiguousarray(lanes.T):
        states = table[(states & np.uint64(0xFF)) ^ column] ^ (states >> np.uint64(8))
    return states


def _join(states: NDArray[np.uint64], kind: CrcKind) -> int:
    """Join the states of rows that follow each other, two by two; rows of zeros before the first change nothing."""
    level = 0
    while len(states) > 1:
        if len(states) % 2:
            states = np.concatenate([np.zeros(1, dtype=np.uint64), states])
        states = _apply(_lane_operator(kind, level), states[0::2]) ^ states[1::2]
        level += 1
    return int(states[0])


@functools.cache
def _byte_table(kind: CrcKind) -> NDArray[np.uint64]:
    table = np.arange(256, dtype=np.uint64)
    for _ in range(8):
        table = (table >> np.uint64(1)) ^ np.where(table & np.uint64(1), np.uint64(kind.polynomial), np.uint64(0))
    return table


@functools.cache
def _lane_operator(kind: CrcKind, level: int) -> NDArray[np.uint64]:
    """Tables, one per byte of the state, of what 2**level lanes of zeros make of it."""
    num_bytes = kind.width // 8
    places = np.arange(num_bytes, dtype=np.uint64)[:, None] * np.uint64(8)
    tables = np.arange(256, dtype=np.uint64)[None, :] << places
    if level:
        half = _lane_operator(kind, level - 1)
        return _apply(half, _apply(half, tables.ravel())).reshape(num_bytes, 256)
    table = _byte_table(kind)
    for _ in range(_LANE_BYTES):
        tables = table[tables & np.uint64(0xFF)] ^ (tables >> np.uint64(8))
    return tables


def _apply(operator: NDArray[np.uint64], states: NDArray[np.uint64]) -> NDArray[np.uint64]:
    result = np.zeros_like(states)
    for index, table in enumerate(operator):
        result ^= table[(states >> np.uint64(8 * index)) & np.uint64(0xFF)]
    return result
