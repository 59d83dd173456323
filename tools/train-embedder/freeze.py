"""Puts size and hash of the model file into the SDK, its descriptor into specs/spaces, and its vectors into specs/vectors.

usage: freeze.py   (from anywhere; works on this repository)
"""
import hashlib
import json
import re
import struct
from pathlib import Path

from reference import Reference
from reference import main as write_vectors

root = Path(__file__).resolve().parents[2]
content = (root / "sdk/assets/english-1.bin").read_bytes()
check = 0x811C9DC5
for (word,) in struct.iter_unpack("<I", content[: len(content) // 4 * 4]):
    check = ((check ^ word) * 0x01000193) & 0xFFFFFFFF
digest = hashlib.sha256(content).hexdigest()
space = root / "sdk/src/embedders/english/space.ts"
text = space.read_text()
text = re.sub(r"bytes: [\d_]+, check: \d+, sha256: '[0-9a-f]*'", f"bytes: {len(content):_}, check: {check}, sha256: '{digest}'", text)
space.write_text(text)
write_vectors(str(root / "sdk/assets/english-1.bin"), str(root / "specs/vectors/embedder-english.json"))
print(len(content), digest)
