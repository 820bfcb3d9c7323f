#!/usr/bin/env bash
# Makes .venv and installs the Python package into it in editable form, with its bridges, referees and tools.
set -euo pipefail

python=${PYTHON:-python3}
pip=(.venv/bin/python -m pip --disable-pip-version-check)

echo "Making .venv and installing the Python package into it; the first time takes some minutes." >&2
if [ ! -x .venv/bin/python ] || ! "${pip[@]}" --version >/dev/null 2>&1; then
  "$python" -m venv --clear .venv
fi

# On Linux the usual index has torch with gigabytes of CUDA libraries; this one has builds for the CPU only.
# --no-deps asks it for nothing but torch.
if [ "$(uname -s)" = Linux ] && ! .venv/bin/python -c 'import importlib.metadata as m; m.version("torch")' 2>/dev/null; then
  "${pip[@]}" install -q --no-deps --retries 1 --timeout 30 \
    --index-url https://download.pytorch.org/whl/cpu 'torch>=2.4'
fi

constraints=()
if Rscript -e 'quit(status = as.integer(getRversion() >= "4.5"))'; then
  constraints=(-c tools/constraints-r-4.4.txt)
fi
"${pip[@]}" install -q ${constraints[@]+"${constraints[@]}"} -e '.[all,dev]'
