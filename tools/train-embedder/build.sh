#!/bin/bash
# Makes sdk/assets/english-1.bin again. Usage: build.sh WORDNET.jsonl.gz MODEL_FOLDER [WORK_FOLDER]
# Two cores: about 25 minutes, most of it the teacher's. Steps whose result exists in WORK_FOLDER are not repeated.
set -euo pipefail
wordnet=$(realpath "$1") model=$(realpath "$2") work=$(realpath -m "${3:-/tmp/train-embedder}")
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$work"
[ -d "$work/venv" ] || { python3 -m venv "$work/venv"; "$work/venv/bin/pip" install -q -r "$here/requirements.txt"; }
run() { local script=$1; shift; "$work/venv/bin/python" "$here/$script.py" "$@"; }
tokenizer=$model/tokenizer.json
export OPENBLAS_NUM_THREADS=1
cd "$work"

[ -f plain.txt ] || run wordnet "$wordnet" "$tokenizer" plain.txt
for seed in 1 2 3; do [ -f composed$seed.txt ] || run compose "$wordnet" "$tokenizer" $seed 0.4 composed$seed.txt; done
# The table is chosen by the words of all four; the teacher reads the first two and a third of the next.
[ -f rows.json ] || run prepare "$wordnet" "$tokenizer" 49000 . plain.txt composed1.txt composed2.txt composed3.txt
[ -f composed2s.txt ] || awk 'NR % 3 == 1' composed2.txt > composed2s.txt
[ -f composed2s.csr.npz ] || run prepare "$wordnet" "$tokenizer" 49000 . composed2s.txt
for part in plain composed1 composed2s; do [ -f $part.f16.npy ] || run teacher "$model" $part.txt $part.f16.npy; done
[ -f vectors.npy ] || run train "$wordnet" . vectors.npy --steps 2600 --kl 0.4 --contrast 0.04 plain composed1 composed2s
run export . vectors.npy "$here/../../sdk/assets/english-1.bin"
run freeze
