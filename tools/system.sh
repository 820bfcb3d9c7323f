#!/usr/bin/env bash
# Looks for what the project needs of the system and installs what is missing with apt-get, where it may.
#
#   tools/system.sh run    Python, R and node: what `make crosscheck` needs
#   tools/system.sh test   the same, and what the tests, the linters and the documentation need
#
# It asks whether a thing works, not which package it came from: an R from elsewhere is as good.
set -euo pipefail

level=${1:?run or test}
python=${PYTHON:-python3}

have() { command -v "$1" >/dev/null 2>&1; }

say() { printf '%s\n' "$@" >&2; }

die() {
  say "$@"
  exit 1
}

python_is() { "$python" -c "$1" >/dev/null 2>&1; }

r_is() { Rscript -e "if (!isTRUE($1)) quit(status = 1)" >/dev/null 2>&1; }

# R's package LIST of names, those that are not installed.
r_packages_missing() {
  Rscript -e 'for (p in commandArgs(TRUE)) if (!nzchar(system.file(package = p))) cat(p, "")' "$@"
}

# rpy2 is built from source: that takes a compiler, R's header and R's library.
r_can_be_compiled_against() {
  local scratch status=0
  scratch=$(mktemp -d)
  printf '#include <R.h>\nint main(void) { return 0; }\n' >"$scratch/try.c"
  # shellcheck disable=SC2046 # the flags are several words
  cc "$scratch/try.c" -o "$scratch/try" $(R CMD config --cppflags) $(R CMD config --ldflags) \
    >/dev/null 2>&1 || status=1
  rm -rf "$scratch"
  return "$status"
}

node_is_new_enough() {
  have node && node -e 'process.exit(Number(process.versions.node.split(".")[0]) >= 18 ? 0 : 1)'
}

r_packages_of_level() {
  case $level in
    run) echo jsonlite ;;
    test) echo jsonlite testthat roxygen2 lintr nnet palmerpenguins ggplot2 knitr caret generics hardhat recipes tibble ;;
    *) die "usage: tools/system.sh run|test" ;;
  esac
}

r_to_compile_against=(
  "r-base-dev: R's headers and compilers, to build rpy2"
  "libtirpc-dev: a library that R is linked with, likewise" # on Ubuntu r-base-dev leaves it out
)

fast_blas="libopenblas0-pthread: fast matrix products for R"

# Whether R runs on the slow BLAS that Debian gives it, which the package above takes the place of.
r_has_reference_blas() {
  have apt-get && r_is 'grepl("/blas/libblas[.]so", normalizePath(extSoftVersion()[["BLAS"]]))'
}

# The page is tested in one of these; TWINPROP_CHROMIUM names another.
have_chromium() {
  have "${TWINPROP_CHROMIUM:-chromium}" || have chromium-browser || have google-chrome
}

# Fills `missing` with lines "Debian's package: what it is".
find_missing() {
  missing=()
  local p
  python_is 'import ensurepip, venv' || missing+=("python3-venv: makes Python's environment .venv")
  python_is 'import os, sysconfig as s; assert os.path.exists(s.get_path("include") + "/Python.h")' ||
    missing+=("python3-dev: Python's header, to build rpy2")
  if have R && have Rscript; then
    r_can_be_compiled_against || missing+=("${r_to_compile_against[@]}")
    for p in $(r_packages_missing $(r_packages_of_level)); do
      missing+=("r-cran-$p: R's package $p")
    done
    ! r_has_reference_blas || missing+=("$fast_blas")
  else
    missing+=("r-base-core: R" "${r_to_compile_against[@]}" "$fast_blas")
    for p in $(r_packages_of_level); do
      missing+=("r-cran-$p: R's package $p")
    done
  fi
  node_is_new_enough || missing+=("nodejs: node 18 or newer, for JavaScript")
  if [ "$level" = test ]; then
    have npm || missing+=("npm: fetches the linters of JavaScript")
    have_chromium || missing+=("chromium: a browser to test the page in")
  fi
}

# The words that run a command as root here; fails where nothing does.
as_root() {
  if [ "$(id -u)" = 0 ]; then
    echo env
  elif have sudo && sudo -n true 2>/dev/null; then
    echo sudo -n env
  elif have sudo && [ -t 0 ] && [ -t 2 ]; then
    echo sudo env
  else
    return 1
  fi
}

check_versions() {
  have "$python" || die "twinprop needs Python 3.10 or newer; there is no $python."
  python_is 'import sys; assert sys.version_info >= (3, 10)' ||
    die "twinprop needs Python 3.10 or newer; $python is $("$python" --version 2>&1)." \
      "Give another with: make PYTHON=python3.12 ..."
  if have Rscript && ! r_is 'getRversion() >= "4.1"'; then
    die "twinprop needs R 4.1 or newer; $(command -v R) is older."
  fi
}

check_versions
find_missing
[ ${#missing[@]} -gt 0 ] || exit 0

names=("${missing[@]%%:*}")
say "twinprop runs in Python, R and JavaScript; here it still needs:"
say "${missing[@]/#/  }"

if ! have apt-get; then
  die "Please install these (the names are Debian's) and run the command again. On macOS, for instance:" \
    "  xcode-select --install; brew install python r node" \
    "  Rscript -e 'install.packages(c($(r_packages_of_level | sed "s/[a-z0-9]*/\"&\"/g; s/ /, /g")), repos = \"https://cloud.r-project.org\")'"
fi

if ! root=$(as_root); then
  die "Only root may install them, and there is no way to become root from here. Please run" \
    "  sudo apt-get update && sudo apt-get install --no-install-recommends ${names[*]}" \
    "and then the command again."
fi

say "Installing them with apt-get."
apt_get() {
  # A fresh machine may be at its own updates: wait for their lock.
  # shellcheck disable=SC2086 # $root is several words
  $root DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=300 "$@"
}
apt_get update
apt_get install --no-install-recommends "${names[@]}"

hash -r
check_versions
find_missing
[ ${#missing[@]} -eq 0 ] ||
  die "apt-get went through, yet these are still missing for $(command -v "$python"), R or node:" \
    "${missing[@]/#/  }" \
    "Either the system's own is too old, or another comes first in PATH (PYTHON=/usr/bin/python3 chooses Python)." \
    "Newer ones: https://cloud.r-project.org and https://nodejs.org"
