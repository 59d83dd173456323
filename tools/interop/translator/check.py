"""Holds verify.py against make.mjs's blocks: the same verdict, and figures that differ by rounding alone. Usage: check.py FOLDER"""
import json
import subprocess
import sys
from pathlib import Path

folder = Path(sys.argv[1])
verify = Path(__file__).with_name("verify.py")
faults, checked = [], 0


def run(path):
    return subprocess.run([sys.executable, verify, path], capture_output=True, text=True)


for path in sorted(folder.glob("*.cbor")):
    ours, done = json.loads(path.with_suffix(".json").read_text()), run(path)
    if done.returncode not in (0, 1) or not done.stdout:
        faults.append(f"{path.stem}: {done.stderr}")
        continue
    theirs = json.loads(done.stdout)
    if theirs["agrees"] != ours["agrees"] or theirs["agrees"] == (path.stem == "boaster"):
        faults.append(f"{path.stem}: agrees {theirs['agrees']}, cosmic says {ours['agrees']}")
    for key, value in ours["measured"].items():
        if abs(theirs["measured"][key] - value) > 1e-5:
            faults.append(f"{path.stem}: {key} {theirs['measured'][key]}, cosmic measures {value}")
    checked += 1

bent = bytearray((folder / "procrustes.cbor").read_bytes())
bent[-1] ^= 1
(folder / "bent").write_bytes(bent)
if "header names" not in run(folder / "bent").stderr:
    faults.append("a body that is not the signed one was taken")

print("\n".join(faults) or f"{checked} translators: verdicts and figures as cosmic translator verify has them")
sys.exit(1 if faults or checked < 7 else 0)
