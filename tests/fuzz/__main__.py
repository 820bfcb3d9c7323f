"""Look for plans on which the languages differ, as long as one likes: `make fuzz`."""

import argparse
import json
import secrets
import sys
import time
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, seed, settings

from fuzz.properties import FAILED, PROPERTIES, SEEN, checked

# A round's examples are drawn from a seed of its own.
ROUND = 50


def main() -> int:
    parser = argparse.ArgumentParser(prog="make fuzz ARGS=...", description=__doc__)
    parser.add_argument("minutes", type=float, nargs="?", default=60.0)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10**6))
    parser.add_argument("--only", action="append", choices=PROPERTIES, help="which properties")
    parser.add_argument("--examples", type=int, help="so many of each, however long it takes")
    parser.add_argument("--again", type=Path, help="a file that a failure has left: that alone")
    given_args = parser.parse_args()
    names = given_args.only or list(PROPERTIES)
    if given_args.again is not None:
        name = given_args.again.stem
        PROPERTIES[name].check(json.loads(given_args.again.read_text(encoding="utf-8")))
        print(f"{name}: holds")
        return 0

    print(f"seed {given_args.seed}", flush=True)
    started, done = time.monotonic(), 0
    while True:
        for name in names:
            try:
                _round(name, given_args.seed + done)
            except AssertionError as error:
                print(f"{name} FAILS: {error}")
                print(f"again: make fuzz ARGS='--again {FAILED / name}.json'")
                return 1
        done += 1
        minutes = (time.monotonic() - started) / 60.0
        print(f"{done * ROUND} examples of each, {minutes:.1f} minutes, {dict(SEEN)}", flush=True)
        if given_args.examples is not None:
            if done * ROUND >= given_args.examples:
                return 0
        elif minutes >= given_args.minutes:
            return 0


def _round(name: str, number: int) -> None:
    limits = settings(
        max_examples=ROUND,
        phases=[Phase.generate, Phase.shrink],
        report_multiple_bugs=False,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    limits(seed(number)(given(PROPERTIES[name].examples)(checked(name))))()


if __name__ == "__main__":
    sys.exit(main())
