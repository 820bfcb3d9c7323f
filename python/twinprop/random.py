"""R's random numbers in numpy. Twins: r/random.R, inst/js/random.js.

One seed gives the same numbers in all three languages: those of R's
``set.seed(seed, "Mersenne-Twister", "Inversion", "Rejection")`` and ``runif(n)``.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from twinprop.checks import check_integer, check_seed

#: R's 32-bit integers become numbers in [0, 1) by this factor, 2^-32.
_SCALE = 2.3283064365386963e-10

#: R never returns 0 or 1 but numbers this far from them (fixup in R's RNG.c).
_CLOSEST = 0.5 * 2.328306437080797e-10

_STATE_SIZE = 624


class RandomStream:
    """A stream of R's uniform random numbers.

    Parameters
    ----------
    seed : int
        From -2147483647 to 2147483647, as for R's ``set.seed``.

    Raises
    ------
    InputError
        If the seed is not such an integer.

    References
    ----------
    Matsumoto, M. and Nishimura, T. (1998). Mersenne Twister: a 623-dimensionally equidistributed
    uniform pseudo-random number generator. ACM Transactions on Modeling and Computer Simulation 8.

    Examples
    --------
    >>> stream = RandomStream(42)
    >>> stream.uniform(2)  # in R: set.seed(42); runif(2)
    array([0.91480604, 0.93707541])
    """

    def __init__(self, seed: int) -> None:
        self.seed = check_seed(seed)
        self._generator = np.random.MT19937()
        self._generator.state = {
            "bit_generator": "MT19937",
            # R stores the position at the end, so the first draw makes 624 new values.
            "state": {"key": _scrambled_key(self.seed), "pos": _STATE_SIZE},
        }

    def uniform(self, n: int) -> npt.NDArray[np.float64]:
        """Draw the next `n` numbers of U(0, 1); shape (n,)."""
        n = check_integer(n, "n", 0)
        u = np.multiply(self._generator.random_raw(n), _SCALE, dtype=np.float64)
        u[u <= 0.0] = _CLOSEST
        u[1.0 - u <= 0.0] = 1.0 - _CLOSEST
        return u

    def order(self, n: int) -> npt.NDArray[np.intp]:
        """Draw a random order of `n` rows, from 0: R's ``order(runif(n)) - 1``; shape (n,)."""
        return np.argsort(self.uniform(n), kind="stable")


def _scrambled_key(seed: int) -> npt.NDArray[np.uint32]:
    """Return R's initial state of MT19937 for a seed (set.seed's initial scrambling)."""
    state = seed % 2**32
    for _ in range(50):
        state = (69069 * state + 1) % 2**32
    key = np.empty(_STATE_SIZE + 1, dtype=np.uint32)
    for i in range(_STATE_SIZE + 1):
        state = (69069 * state + 1) % 2**32
        key[i] = state
    return key[1:]  # R overwrites the first value by the position
