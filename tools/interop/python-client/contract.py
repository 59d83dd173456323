"""The requests of the Python project's HTTP client, played against a node: status 200, the shapes it reads, its errors.

Usage: contract.py URL. Needs requests and cryptography (Debian: python3-requests, python3-cryptography).
"""

import base64
import json
import sys
import time
import uuid

import requests
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

URL = sys.argv[1].rstrip("/")
session = requests.Session()
JSON = {"Content-Type": "application/json"}
failures = []


def check(name, condition, detail=""):
    print(("ok      " if condition else "FAILED  ") + name + (f": {detail}" if detail and not condition else ""))
    if not condition:
        failures.append(name)


def signed(content, metadata=None, key=None):
    """A block as the Python SDK builds and signs one."""
    key = key or Ed25519PrivateKey.generate()
    block = {
        "version": "1.0",
        "timestamp": int(time.time()),
        "datetime": "2026-01-15T12:00:00.000000",
        "model": {"name": "all-MiniLM-L6-v2", "dimensions": 4},
        "embeddings": [[0.5, -0.5, 0.5, 1e-07 * (i + 1)] for i in range(len(content))],
        "content": content,
        "metadata": metadata or {},
    }
    message = json.dumps(block, sort_keys=True).encode("utf-8")
    block["signature"] = base64.b64encode(key.sign(message)).decode()
    block["public_key"] = base64.b64encode(key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)).decode()
    return block


def push(block):
    """As push_block: adds id and created_by after signing."""
    block = dict(block)
    block.setdefault("id", f"block-{uuid.uuid4().hex[:8]}")
    block.setdefault("created_by", "default_node")
    return block, session.post(f"{URL}/blocks", json=block, headers=JSON)


marker = uuid.uuid4().hex[:10]
block, answer = push(signed([f"The quick brown fox {marker}", "jumps over the étoile 🌌"], {"tags": ["contract"], "weight": 1.0}))
check("push_block answers 200", answer.status_code == 200, answer.text)
again = session.post(f"{URL}/blocks", json=block, headers=JSON)
check("pushing again answers 200", again.status_code == 200, again.text)

got = session.get(f"{URL}/blocks/{block['id']}", headers=JSON)
check("get_block by the client's own id", got.status_code == 200 and got.json() == block, got.text[:200])
by_cid = session.get(f"{URL}/blocks/{answer.json().get('id')}", headers=JSON)
check("get_block by content id", by_cid.status_code == 200 and by_cid.json() == block, by_cid.text[:200])

found = []
for _ in range(50):
    found = session.get(f"{URL}/blocks/search", params={"q": marker, "limit": 10}, headers=JSON)
    if found.status_code == 200 and found.json().get("blocks"):
        break
    time.sleep(0.1)
check("search_blocks by text", found.status_code == 200 and block in found.json()["blocks"], found.text[:200])
tagged = session.get(f"{URL}/blocks/search", params={"tags": "contract,other", "limit": 10}, headers=JSON)
check("search_blocks by tags", tagged.status_code == 200 and block in tagged.json()["blocks"], tagged.text[:200])
none = session.get(f"{URL}/blocks/search", params={"q": marker, "tags": "absent", "limit": 10}, headers=JSON)
check("search_blocks with no match is an empty list", none.status_code == 200 and none.json()["blocks"] == [], none.text[:200])
listed = session.get(f"{URL}/blocks", params={"tag": "contract"})
check("GET /blocks?tag=", listed.status_code == 200 and block in listed.json()["blocks"], listed.text[:200])

related = session.get(f"{URL}/blocks/{block['id']}/related", params={"limit": 5}, headers=JSON)
check("get_related_blocks", related.status_code == 200 and isinstance(related.json().get("blocks"), list), related.text[:200])
validated = session.post(f"{URL}/blocks/{block['id']}/validate", headers=JSON)
check("validate_block (JSON content type, empty body)", validated.status_code == 200 and validated.json().get("valid") is True, validated.text[:200])

node = {"id": f"node-{marker}", "name": "contract", "location": {"latitude": 0.0, "longitude": 0.0, "elevation": 0.0}}
registered = session.post(f"{URL}/nodes", json=node, headers=JSON)
check("register_node", registered.status_code == 200, registered.text[:200])
info = session.get(f"{URL}/nodes/{node['id']}", headers=JSON)
check("get_node_info", info.status_code == 200 and info.json()["name"] == "contract", info.text[:200])
nodes = session.get(f"{URL}/nodes", headers=JSON)
check("get_peers", nodes.status_code == 200 and any(n.get("id") == node["id"] for n in nodes.json()["nodes"]), nodes.text[:200])
for path in ("/status", "/peers"):
    check(f"GET {path}", session.get(URL + path).status_code == 200)

unsigned = {k: v for k, v in block.items() if k not in ("signature", "public_key")}
refused = session.post(f"{URL}/blocks", json=unsigned, headers=JSON)
check("an unsigned block is 400 block.unsigned with a hint", refused.status_code == 400 and refused.json()["code"] == "block.unsigned" and refused.json()["advice"], refused.text[:200])
tampered = dict(block, content=["changed", "text"])
refused = session.post(f"{URL}/blocks", json=tampered, headers=JSON)
check("a changed block is 400 block.bad_signature", refused.status_code == 400 and refused.json()["code"] == "block.bad_signature", refused.text[:200])
check("an unknown id is 404", session.get(f"{URL}/blocks/block-00000000").status_code == 404)

twin = dict(signed(["another block of the same name"]), id=block["id"], created_by="default_node")
session.post(f"{URL}/blocks", json=twin, headers=JSON)
several = session.get(f"{URL}/blocks/{block['id']}", headers=JSON)
check("two blocks of one name are 409 with their ids", several.status_code == 409 and len(several.json().get("ids", [])) == 2, several.text[:200])

print(f"{len(failures)} failures")
sys.exit(1 if failures else 0)
