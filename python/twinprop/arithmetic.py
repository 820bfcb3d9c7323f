"""Sums, products and functions: the fast ones, and ones that give the same bits everywhere.

Section 19 of docs/contract.md. Twins: r/arithmetic.R, inst/js/arithmetic.js. All else that the core
computes is elementwise, one operation of IEEE 754 after the other, and so the same in both.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from twinprop.checks import Array

_MAGIC = 6755399441055744.0  # 1.5 * 2^52: adding it rounds to an integer, in the lowest bits
_MAGIC_BITS = np.float64(_MAGIC).view(np.int64)
_INV_LN2 = 1.44269504088896338700e00
_LN2_HI = 6.93147180369123816490e-01
_LN2_LO = 1.90821492927058770002e-10

# The coefficients are those of fdlibm's e_exp.c, e_log.c, k_cos.c and k_sin.c.
_P1 = 1.66666666666666019037e-01
_P2 = -2.77777777770155933842e-03
_P3 = 6.61375632143793436117e-05
_P4 = -1.65339022054652515390e-06
_P5 = 4.13813679705723846039e-08

_SQRT2 = 1.4142135623730951
_LG1 = 6.666666666666735130e-01
_LG2 = 3.999999999940941908e-01
_LG3 = 2.857142874366239149e-01
_LG4 = 2.222219843214978396e-01
_LG5 = 1.818357216161805012e-01
_LG6 = 1.531383769920937332e-01
_LG7 = 1.479819860511658591e-01

_PI = 3.141592653589793
_PI_LO = 1.2246467991473532e-16
_PIO2 = 1.5707963267948966
_PIO2_LO = 6.123233995736766e-17
_PIO4 = 0.7853981633974483
_3PIO4 = 2.356194490192345
_C1 = 4.16666666666666019037e-02
_C2 = -1.38888888888741095749e-03
_C3 = 2.48015872894767294178e-05
_C4 = -2.75573143513906633035e-07
_C5 = 2.08757232129817482790e-09
_C6 = -1.13596475577881948265e-11
_S1 = -1.66666666666666324348e-01
_S2 = 8.33333333332248946124e-03
_S3 = -1.98412698298579493134e-04
_S4 = 2.75573137070700676789e-06
_S5 = -2.50507602534068634195e-08
_S6 = 1.58969099521155010221e-10


class Arithmetic(NamedTuple):
    """What the core computes with. The caller silences numpy's warnings.

    Attributes
    ----------
    name : str
        "fast" or "portable".
    weighted_sums : callable
        ``weighted_sums(a, w, out)`` writes S_j(w_kj a_ij) into `out`, (n, n_l); a (n, n_{l-1}),
        w (n_l, n_{l-1}).
    send_back : callable
        ``send_back(v, w, out)`` writes S_k(w_kj v_ik) into `out`, (n, n_{l-1}); v (n, n_l).
    outer_sums : callable
        ``outer_sums(v, a, out)`` writes S_i(v_ik a_ij) into `out`, (n_l, n_{l-1}).
    sum_samples : callable
        ``sum_samples(x, out)`` writes the sums of the columns of x, (n, k), into `out`, (k,).
    sum_units, sum_unit_squares : callable
        The sum, or the sum of the squares, of each row of x, (n, k); (n,).
    total, sum_of_squares : callable
        The same of all entries of a flat x; a float.
    dot : callable
        ``dot(x, y)``, the sum of the products of two flat arrays; a float.
    exp, log : callable
        ``exp(x, out)``; without `out` a new array.
    log1p : callable
        The same, of 0 <= x <= 1.
    tanh, relu : callable
        ``tanh(z, out)``; `out` may not be left out.
    power : callable
        ``power(b, t)``, a number to a whole power t >= 0.
    real_power : callable
        ``real_power(b, p)``, a number above 0 to any power.
    cos : callable
        Of a number from 0 to pi.
    """

    name: str
    weighted_sums: Callable[[Array, Array, Array], Array]
    send_back: Callable[[Array, Array, Array], Array]
    outer_sums: Callable[[Array, Array, Array], Array]
    sum_samples: Callable[[Array, Array], Array]
    sum_units: Callable[[Array], Array]
    sum_unit_squares: Callable[[Array], Array]
    total: Callable[[Array], float]
    sum_of_squares: Callable[[Array], float]
    dot: Callable[[Array, Array], float]
    exp: Callable[..., Array]
    log: Callable[..., Array]
    log1p: Callable[..., Array]
    tanh: Callable[[Array, Array], Array]
    relu: Callable[[Array, Array], Array]
    power: Callable[[float, int], float]
    real_power: Callable[[float, float], float]
    cos: Callable[[float], float]


# ---- fast: numpy's own. Arrays lie row by row, or column by column in the passes of many samples;
# BLAS writes both, numpy's dot row by row only.


def _fast_weighted_sums(a: Array, w: Array, out: Array) -> Array:
    if out.flags.c_contiguous:
        return np.dot(a, w.T, out)
    return np.dot(w, a.T, out.T).T


def _fast_send_back(v: Array, w: Array, out: Array) -> Array:
    if out.flags.c_contiguous:
        return np.dot(v, w, out)
    if len(w) == 1:  # a sum of one term, for which BLAS takes twice as long
        return np.multiply(v, w, out)
    return np.dot(w.T, v.T, out.T).T


def _fast_outer_sums(v: Array, a: Array, out: Array) -> Array:
    return np.dot(v.T, a, out)


def _fast_sum_samples(x: Array, out: Array) -> Array:
    return np.add.reduce(x, axis=0, out=out)


def _fast_sum_units(x: Array) -> Array:
    return np.add.reduce(x, axis=1)


def _fast_sum_unit_squares(x: Array) -> Array:
    return np.einsum("ij,ij->i", x, x)


def _fast_total(x: Array) -> float:
    return float(np.add.reduce(x))


def _fast_sum_of_squares(x: Array) -> float:
    return float(x.dot(x))


def _fast_dot(x: Array, y: Array) -> float:
    return float(x.dot(y))


def _fast_relu(z: Array, out: Array) -> Array:
    return np.maximum(z, 0.0, out=out)


FAST = Arithmetic(
    "fast",
    _fast_weighted_sums,
    _fast_send_back,
    _fast_outer_sums,
    _fast_sum_samples,
    _fast_sum_units,
    _fast_sum_unit_squares,
    _fast_total,
    _fast_sum_of_squares,
    _fast_dot,
    np.exp,
    np.log,
    np.log1p,
    np.tanh,
    _fast_relu,
    operator.pow,
    operator.pow,
    math.cos,
)


# ---- portable: first to last, rounded one by one


def _weighted_sums(a: Array, w: Array, out: Array) -> Array:
    out[...] = 0.0
    for j in range(a.shape[1]):
        np.add(out, a[:, j, np.newaxis] * w[:, j], out=out)
    return out


def _send_back(v: Array, w: Array, out: Array) -> Array:
    out[...] = 0.0
    for k in range(v.shape[1]):
        np.add(out, v[:, k, np.newaxis] * w[k], out=out)
    return out


def _outer_sums(v: Array, a: Array, out: Array) -> Array:
    # One and the same sums; the shorter loop.
    if len(v) <= v.shape[1]:
        out[...] = 0.0
        for i in range(len(v)):
            np.add(out, v[i, :, np.newaxis] * a[i], out=out)
    else:
        for k in range(v.shape[1]):
            _sum_samples(v[:, k, np.newaxis] * a, out[k])
    return out


# A running sum has no other order than first to last. It starts at the first term, not at +0; the
# two differ only where all terms are -0, which the 0 added at the end makes +0.


def _sum_samples(x: Array, out: Array) -> Array:
    return np.add(np.add.accumulate(x, axis=0)[-1], 0.0, out=out)


def _sum_units(x: Array) -> Array:
    return np.add.accumulate(x, axis=1)[:, -1] + 0.0


def _sum_unit_squares(x: Array) -> Array:
    return _sum_units(x * x)


def _total(x: Array) -> float:
    return float(np.add.accumulate(x)[-1]) + 0.0


def _sum_of_squares(x: Array) -> float:
    return _total(x * x)


def _dot(x: Array, y: Array) -> float:
    return _total(x * y)


def _expm1_reduced(x: Array) -> tuple[Array, Array, Array]:
    """Return exp(r) - 1, 2^k1 and 2^k2, where x = k ln 2 + r and k = k1 + k2."""
    shifted = x * _INV_LN2 + _MAGIC
    k = shifted - _MAGIC
    hi = x - k * _LN2_HI
    lo = k * _LN2_LO
    r = hi - lo
    t = r * r
    c = r - t * (_P1 + t * (_P2 + t * (_P3 + t * (_P4 + t * _P5))))
    p = hi - (lo - (r * c) / (2.0 - c))
    whole = shifted.view(np.int64) - _MAGIC_BITS  # k as an integer
    half = whole >> 1
    return p, _power_of_two(half), _power_of_two(whole - half)


def _power_of_two(k: np.ndarray) -> Array:
    """Return 2^k of integers from -1022 to 1023, made of its bits."""
    return ((k + 1023) << 52).view(np.float64)


def _exp(x: Array, out: Array | None = None) -> Array:
    x = np.maximum(np.minimum(x, 710.0), -746.0)
    p, first, second = _expm1_reduced(x)
    return np.multiply((1.0 + p) * first, second, out=out)


def _expm1_negative(x: Array) -> Array:
    """Return exp(x) - 1 of x <= 0."""
    p, first, second = _expm1_reduced(np.maximum(x, -746.0))
    q = first * second
    return q * p + (q - 1.0)


def _log_positive(x: Array) -> Array:
    """Return log(x) of 0 < x < Inf, or NaN."""
    m, k = np.frexp(x)
    m = m * 2.0  # 1 <= m < 2, exactly
    large = m >= _SQRT2
    m = np.where(large, m / 2.0, m)
    power = np.where(large, k, k - 1).astype(np.float64)
    f = m - 1.0
    s = f / (2.0 + f)
    z = s * s
    w = z * z
    even = w * (_LG2 + w * (_LG4 + w * _LG6))
    odd = z * (_LG1 + w * (_LG3 + w * (_LG5 + w * _LG7)))
    r = odd + even
    h = (0.5 * f) * f
    return power * _LN2_HI - ((h - (s * (h + r) + power * _LN2_LO)) - f)


def _log(x: Array, out: Array | None = None) -> Array:
    inside = (x > 0.0) & (x < np.inf)
    # Of what is outside: log(0) = -Inf, log(Inf) = Inf, else NaN.
    edge = np.where(x == 0.0, -np.inf, np.where(x == np.inf, np.inf, np.nan))
    result = np.where(inside, _log_positive(np.where(inside, x, 1.0)), edge)
    return result if out is None else np.positive(result, out=out)


def _log1p(u: Array, out: Array | None = None) -> Array:
    w = 1.0 + u
    return np.subtract(_log_positive(w), ((w - 1.0) - u) / w, out=out)


def _tanh(z: Array, out: Array) -> Array:
    e = _expm1_negative(-2.0 * np.abs(z))
    u = (0.0 - e) / (2.0 + e)
    out[...] = np.where(z >= 0.0, u, -u)
    return out


def _relu(z: Array, out: Array) -> Array:
    # numpy's maximum(-0, 0) may be either.
    out[...] = np.where(z <= 0.0, 0.0, z)
    return out


def _power(b: float, t: int) -> float:
    r = 1.0
    while t > 0:
        if t % 2 == 1:
            r = r * b
        b = b * b
        t = t // 2
    return r


def _real_power(b: float, p: float) -> float:
    log = _log(np.array([b]))[0]
    return float(_exp(np.array([p * log]))[0])


def _cos(x: float) -> float:
    if x <= _PIO4:
        return _cos_kernel(x, 0.0)
    if x < _3PIO4:
        t = x - _PIO2
        h = t - _PIO2_LO
        return 0.0 - _sin_kernel(h, (t - h) - _PIO2_LO)
    t = _PI - x
    h = t + _PI_LO
    return 0.0 - _cos_kernel(h, (t - h) + _PI_LO)


def _cos_kernel(x: float, y: float) -> float:
    """Return cos(x + y) of abs(x) <= pi / 4, y the digits that x has no room for."""
    z = x * x
    h = 0.5 * z
    w = 1.0 - h
    r = z * (_C1 + z * (_C2 + z * (_C3 + z * (_C4 + z * (_C5 + z * _C6)))))
    return w + (((1.0 - w) - h) + (z * r - x * y))


def _sin_kernel(x: float, y: float) -> float:
    """Return sin(x + y) of abs(x) <= pi / 4."""
    z = x * x
    v = z * x
    r = _S2 + z * (_S3 + z * (_S4 + z * (_S5 + z * _S6)))
    return x - ((z * (0.5 * y - v * r) - y) - v * _S1)


PORTABLE = Arithmetic(
    "portable",
    _weighted_sums,
    _send_back,
    _outer_sums,
    _sum_samples,
    _sum_units,
    _sum_unit_squares,
    _total,
    _sum_of_squares,
    _dot,
    _exp,
    _log,
    _log1p,
    _tanh,
    _relu,
    _power,
    _real_power,
    _cos,
)

#: The arithmetics by name.
ARITHMETICS = {arithmetic.name: arithmetic for arithmetic in (FAST, PORTABLE)}
