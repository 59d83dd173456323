"""Python's own client of the Model Context Protocol against `cosmic mcp` and a node: client.py NODE_URL CLI HOME.

Both doors, both generations of the protocol: lists, remembers, finds, is refused, reads a resource, hears of a change.
"""

import base64
import json
import os
import sys

import anyio
from mcp import Client, StdioServerParameters

url, cli, home = sys.argv[1:4]
KILN = "The kiln fires at 1240 degrees."


def watch_uri(question: dict) -> str:
    text = base64.urlsafe_b64encode(json.dumps(question).encode()).decode().rstrip("=")
    return f"cosmic://watch/{text}"


def expect(what: str, is_so: bool) -> None:
    if not is_so:
        raise SystemExit(f"FAILED: {what}")


def stdio(mode: str) -> StdioServerParameters:
    args = [cli, "mcp", "--node", url, "--embedder", "builtin", "--collection", mode]
    return StdioServerParameters(command="node", args=args, env={**os.environ, "COSMIC_HOME": home})


async def own_door(mode: str) -> str:
    async with Client(stdio(mode), mode=mode, read_timeout_seconds=60) as client:
        names = [tool.name for tool in (await client.list_tools()).tools]
        expect(f"{mode}: cosmic_remember is offered", "cosmic_remember" in names)
        stored = await client.call_tool("cosmic_remember", {"text": KILN, "id": "kiln", "metadata": {"topic": "pottery"}})
        block = stored.structured_content["block"]
        found = await client.call_tool("cosmic_search", {"query": "how hot is the kiln?", "where": {"topic": "pottery"}})
        [hit] = found.structured_content["hits"]
        expect(f"{mode}: the hit is ours and verified", hit["author"]["mine"] and hit["verified"])
        refused = await client.call_tool("cosmic_search", {"query": "x", "where": {"a": {"$regex": "x"}}})
        expect(f"{mode}: refused with its code", refused.is_error and refused.content[0].text.startswith("filter.unsupported"))
        if client.protocol_version >= "2026":
            uri = watch_uri({"where": {"topic": "glass"}})
            async with client.listen(resource_subscriptions=[uri]) as events:
                await client.call_tool("cosmic_remember", {"text": "Glass melts.", "metadata": {"topic": "glass"}})
                with anyio.fail_after(60):
                    async for event in events:
                        expect(f"{mode}: the change that was asked for", str(event.uri) == uri)
                        break
        return block


async def node_door(mode: str, block: str) -> None:
    async with Client(f"{url}/mcp", mode=mode, read_timeout_seconds=60) as client:
        names = [tool.name for tool in (await client.list_tools()).tools]
        expect(f"{mode}: /mcp signs for nobody", "cosmic_remember" not in names and "cosmic_publish_signed" in names)
        found = await client.call_tool("cosmic_search", {"query": "kiln", "min_strength": "weak"})
        expect(f"{mode}: found over HTTP", any(hit["untrusted_text"] == KILN for hit in found.structured_content["hits"]))
        verified = await client.call_tool("cosmic_verify", {"block": block})
        expect(f"{mode}: verified over HTTP", verified.structured_content["valid"])
        read = await client.read_resource(f"cosmic://block/{block}")
        expect(f"{mode}: a block is a resource", json.loads(read.contents[0].text)["block"] == block)
        since = await client.call_tool("cosmic_since", {"where": {"topic": "pottery"}})
        expect(f"{mode}: a cursor", since.structured_content["cursor"] != "")


async def main() -> None:
    for mode in ("legacy", "auto"):
        await node_door(mode, await own_door(mode))
        print(f"python client, {mode}: both doors")


anyio.run(main)
