#!/usr/bin/env bash
# The version must be the same wherever a language needs it.
set -euo pipefail

versions=$(
  sed -n 's/^Version: \(.*\)$/\1 DESCRIPTION/p' DESCRIPTION
  sed -n 's/^__version__ = "\(.*\)"$/\1 python\/twinprop\/version.py/p' python/twinprop/version.py
  sed -n 's/^export const VERSION = "\(.*\)";$/\1 inst\/js\/training.js/p' inst/js/training.js
  sed -n 's/^ *"version": "\(.*\)",*$/\1 package.json/p' package.json
  sed -n 's/^ *"version": "\(.*\)",*$/\1 inst\/js\/package.json/p' inst/js/package.json
  sed -n 's/^version: \(.*\)$/\1 CITATION.cff/p' CITATION.cff
)
if [ "$(wc -l <<<"$versions")" != 6 ] || [ "$(cut -d ' ' -f 1 <<<"$versions" | sort -u | wc -l)" != 1 ]; then
  echo "The version must stand in six files and be the same in all; found:" >&2
  echo "$versions" >&2
  exit 1
fi
