"""Signatures that only the holder of an Ed25519 key can make and no honest one does: R is moved by the point of order two.

RFC 8032 lets verifiers multiply by the cofactor or not. Those that do (noble) accept such a signature, those that do not (OpenSSL, Go,
libsodium) refuse it: a server could give a promise that the browser takes and the reviewers do not. So every reader must refuse it.
"""

from __future__ import annotations

import hashlib

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
BASE_Y = 4 * pow(5, -1, P) % P
BASE_X = 15112221349535400772501151409588531511454012693041857206046113283949847762202
Point = tuple[int, int]


def added(one: Point, other: Point) -> Point:
    """Return the sum of two points of the curve, in affine coordinates."""
    (x1, y1), (x2, y2) = one, other
    product = D * x1 * x2 * y1 * y2
    x = (x1 * y2 + x2 * y1) * pow(1 + product, -1, P)
    y = (y1 * y2 + x1 * x2) * pow(1 - product, -1, P)
    return x % P, y % P


def multiplied(scalar: int, point: Point) -> Point:
    """Return a multiple of a point."""
    result = (0, 1)
    while scalar:
        if scalar & 1:
            result = added(result, point)
        point = added(point, point)
        scalar >>= 1
    return result


def encoded(point: Point) -> bytes:
    """Return the 32 bytes of a point."""
    x, y = point
    return (y | (x & 1) << 255).to_bytes(32, "little")


def signature(seed: bytes, message: bytes, *, moved: bool) -> bytes:
    """Return the signature of RFC 8032, or the one whose R is moved."""
    secret = hashlib.sha512(seed).digest()
    scalar = int.from_bytes(secret[:32], "little") & (2**254 - 8) | 2**254
    public = encoded(multiplied(scalar, (BASE_X, BASE_Y)))
    number = int.from_bytes(hashlib.sha512(secret[32:] + message).digest(), "little") % ORDER
    x, y = multiplied(number, (BASE_X, BASE_Y))
    first = encoded((-x % P, -y % P) if moved else (x, y))
    challenge = int.from_bytes(hashlib.sha512(first + public + message).digest(), "little") % ORDER
    return first + ((number + challenge * scalar) % ORDER).to_bytes(32, "little")
