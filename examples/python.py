"""The three verbs from Python, and a check of what another program signed. `pip install cosmicembeddings`"""
import os

from cosmicembeddings import check, open_memory

memory = open_memory(os.environ.get("COSMIC_NODE", "http://127.0.0.1:8080"), collection="python example")
memory.remember("The kiln fires at 1240 °C.", ids="kiln", metadata={"topic": "pottery", "degrees": 1240})
memory.remember("Herons wait in the reeds.", ids="heron", metadata={"topic": "birds"})

hit = memory.search("how hot is the kiln?", where={"degrees": {"$gte": 1000}, "#text": {"$contains": "kiln"}})[0]
print(hit.id, hit.text, hit.mine)

# A block is checked from its bytes alone: signature, body, sky, kind.
wire = memory.client.read([hit.block])[hit.block]
verdict = check(wire, memory.network)
print(verdict["kind"], verdict["author"] == memory.author)

memory.forget("kiln")
print(memory.get("kiln"))
