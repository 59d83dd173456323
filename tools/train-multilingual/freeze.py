"""Puts size and hash of the model file into the SDK, its canaries beside them, and its vectors into specs/vectors.

usage: freeze.py   (from anywhere; works on this repository)
"""
import base64
import hashlib
import json
import re
import struct
from pathlib import Path

from reference import Reference
from reference import main as write_vectors

LONG = ("Norden ", "Süden ", 8192)  # as many tokens as are read, then as many others: shows whether the rest is ignored

root = Path(__file__).resolve().parents[2]
file, vectors = root / "multilingual/assets/multilingual-1.bin", root / "specs/vectors/embedder-multilingual.json"
content = file.read_bytes()
check = 0x811C9DC5
for (word,) in struct.iter_unpack("<I", content[: len(content) // 4 * 4]):
    check = ((check ^ word) * 0x01000193) & 0xFFFFFFFF
space = root / "sdk/src/embedders/multilingual/space.ts"
text = space.read_text(encoding="utf-8")
for name, value in (("bytes", f"{len(content):_}"), ("check", str(check)), ("sha256", f"'{hashlib.sha256(content).hexdigest()}'")):
    text, found = re.subn(rf"\b{name}: ['\w]+", f"{name}: {value}", text, count=1)
    assert found == 1, name
space.write_text(text, encoding="utf-8")
write_vectors(str(file), str(vectors))


def vector(numbers: list[int]) -> str:
    return base64.b64encode(struct.pack(f"<{len(numbers)}h", *numbers)).decode()


reference = Reference(content)
cases = json.loads(vectors.read_text(encoding="utf-8"))["cases"]
entries = [f"  canary({json.dumps(c['text'], ensure_ascii=False)}, '{vector(c['vector'])}')," for c in cases if c.get("canary")]
first, second, times = LONG
entries.append(f"  canary('{first}'.repeat({times}) + '{second}'.repeat({times}), '{vector(reference.embed(first * times + second * times))}'),")
(root / "sdk/src/embedders/multilingual/canaries.ts").write_text(
    """/** Made by tools/train-multilingual/freeze.py; not to be edited. */
import type { Canaries, Canary } from '../../space/index.js';
import { canary } from '../static/canary.js';
import { multilingualSpace } from './space.js';

/** Texts whose vectors an embedder of this space must give to the bit; made anew at each call. The last is longer than is read. */
export function multilingualCanaries(): Canaries {
  return { space: multilingualSpace, canaries: rows() };
}

const rows = (): readonly Canary[] => [
"""
    + "\n".join(entries)
    + "\n];\n",
    encoding="utf-8",
)
print(len(content), "bytes")
