"""Puts size and hash of the model file into the SDK, its descriptor into specs/spaces, and its vectors into specs/vectors.

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

LONG = ("north ", "south ", 8192)  # as many tokens as are read, then as many others: shows whether the rest is ignored

root = Path(__file__).resolve().parents[2]
content = (root / "sdk/assets/english-1.bin").read_bytes()
check = 0x811C9DC5
for (word,) in struct.iter_unpack("<I", content[: len(content) // 4 * 4]):
    check = ((check ^ word) * 0x01000193) & 0xFFFFFFFF
digest = hashlib.sha256(content).hexdigest()
space = root / "sdk/src/embedders/english/space.ts"
text = space.read_text()
for name, value in (("bytes", f"{len(content):_}"), ("check", str(check)), ("sha256", f"'{digest}'")):
    text, found = re.subn(rf"\b{name}: ['\w]+", f"{name}: {value}", text, count=1)
    assert found == 1, name
space.write_text(text)
write_vectors(str(root / "sdk/assets/english-1.bin"), str(root / "specs/vectors/embedder-english.json"))


def vector(numbers: list[int]) -> str:
    return base64.b64encode(struct.pack(f"<{len(numbers)}h", *numbers)).decode()


reference = Reference(content)
cases = json.loads((root / "specs/vectors/embedder-english.json").read_text(encoding="utf-8"))["cases"]
entries = [f"  canary({json.dumps(c['text'])}, '{vector(c['vector'])}')," for c in cases if c.get("canary")]
first, second, times = LONG
entries.append(f"  canary('{first}'.repeat({times}) + '{second}'.repeat({times}), '{vector(reference.embed(first * times + second * times))}'),")
(root / "sdk/src/embedders/english/canaries.ts").write_text(
    """/** Made by tools/train-embedder/freeze.py; not to be edited. */
import type { Canaries, Canary } from '../../space/index.js';
import { canary } from '../static/canary.js';
import { englishSpace } from './space.js';

/** Texts whose vectors an embedder of this space must give to the bit; made anew at each call. The last is longer than is read. */
export function englishCanaries(): Canaries {
  return { space: englishSpace, canaries: rows() };
}

const rows = (): readonly Canary[] => [
"""
    + "\n".join(entries)
    + "\n];\n"
)
print(len(content), digest)
