"""Chunks of rows on threads, each with a single-threaded BLAS. Twins: none; R has no threads.

Section 6 of docs/contract.md. What comes of a chunk depends on the chunk alone, and their sums are
added up in order, so that the number of threads changes no bit.
"""

from __future__ import annotations

import functools
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

T = TypeVar("T")
Item = TypeVar("Item")
Space = TypeVar("Space")

#: More rows go through the layers in chunks of so many.
CHUNK_ROWS = 4096

#: Batches of so many rows times weights, from and to, have one thread of BLAS. A second gains
#: little up to there on an idle machine; on a busy one, where threads wait for each other, it costs
#: a hundred times as much. Of less work BLAS makes no threads anyway.
SINGLE_THREADED_WORK = 10_000, 4_000_000


def chunks_of(rows: int) -> list[slice]:
    """Return where the chunks of so many rows are."""
    return [slice(start, min(start + CHUNK_ROWS, rows)) for start in range(0, rows, CHUNK_ROWS)]


@functools.cache
def _libraries() -> Any:
    """Return threadpoolctl's controller of the libraries that are loaded, None without it."""
    try:
        from threadpoolctl import ThreadpoolController
    except ImportError:
        return None
    return ThreadpoolController().select(user_api="blas")


class SingleThreadedBlas:
    """Holds BLAS to one thread while anybody is inside; entering gives how many it had before.

    The limit is one of the whole process. So whoever comes first sets it, and whoever leaves last
    puts back what was there.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside = 0
        self._threads = 1
        self._limit: Any = None

    def __enter__(self) -> int:
        with self._lock:
            if self._inside == 0:
                self._threads, self._limit = 1, None
                libraries = _libraries()
                if libraries is not None:
                    allowed = [library["num_threads"] for library in libraries.info()]
                    self._threads = max(1, min(allowed, default=1))
                    if self._threads > 1:
                        self._limit = libraries.limit(limits=1)
            self._inside += 1
            return self._threads

    def __exit__(self, *error: object) -> None:
        with self._lock:
            self._inside -= 1
            if self._inside == 0 and self._limit is not None:
                self._limit.restore_original_limits()
                self._limit = None


SINGLE_THREADED_BLAS = SingleThreadedBlas()


def in_order(
    work: Callable[[Item, Space], T],
    items: Sequence[Item],
    spaces: list[Space],
    make_space: Callable[[], Space],
) -> Iterator[T]:
    """Yield ``work(item, space)`` of each item, in their order.

    As many threads work as BLAS may use now, which has one in each of them; without threadpoolctl
    there is one. A space is for one item at a time; it is free for another as soon as the next
    result is asked for. `spaces` are those that are there already, and in the end all.
    """
    with SINGLE_THREADED_BLAS as threads:
        if threads == 1 or len(items) == 1:
            if not spaces:
                spaces.append(make_space())
            for item in items:
                yield work(item, spaces[0])
            return
        from concurrent.futures import ThreadPoolExecutor

        threads = min(threads, len(items))
        # One more for each thread, so that none waits for the result of another to be taken.
        while len(spaces) < 2 * threads:
            spaces.append(make_space())
        free = deque(spaces)
        waiting = deque(items)
        with ThreadPoolExecutor(threads) as pool:
            pending: deque[tuple[Any, Space]] = deque()
            while waiting or pending:
                while waiting and free:
                    space = free.popleft()
                    pending.append((pool.submit(work, waiting.popleft(), space), space))
                future, space = pending.popleft()
                yield future.result()
                free.append(space)
