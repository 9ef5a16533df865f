#!/usr/bin/env bash
# Puts the real Python clients that the interop tests run into <checkout>/.outside/<name>/, one
# virtual environment each. Does nothing where the right version is already there.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# <folder below .outside> <requirement>
CLIENTS='
huggingface-hub-1 huggingface_hub==1.33.0
huggingface-hub-2 huggingface_hub==2.4.0
'

provision() {
  local folder="$PWD/.outside/$1" requirement="$2"
  # Written last, so an interrupted installation is made anew.
  local stamp="$folder/.provisioned"
  if [ "$(cat "$stamp" 2>/dev/null)" = "$requirement" ] && "$folder/bin/python" -c 'import huggingface_hub'; then
    return
  fi
  echo "Installing $requirement into .outside/$1" >&2
  rm -rf "$folder"
  python3 -m venv "$folder"
  "$folder/bin/python" -m pip install --quiet --disable-pip-version-check --no-input "$requirement"
  echo "$requirement" >"$stamp"
}

while read -r name requirement; do
  if [ -n "$name" ]; then provision "$name" "$requirement" </dev/null; fi
done <<<"$CLIENTS"
