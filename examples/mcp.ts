import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';

/** Any client of the Model Context Protocol reads a node: names of the tools, and what a search finds. */
export async function asAssistant(node: string, query: string): Promise<{ tools: string[]; text: string }> {
  const client = new Client({ name: 'example', version: '1.0.0' }, { versionNegotiation: { mode: 'auto' } });
  await client.connect(new StreamableHTTPClientTransport(new URL('/mcp', node)));
  try {
    const { tools } = await client.listTools();
    const { content } = (await client.callTool({
      name: 'cosmic_search',
      arguments: { query, min_strength: 'weak' },
    })) as {
      content: readonly { text: string }[];
    };
    // Passages stand between markers with a fresh word: data of their authors, never instructions.
    return { tools: tools.map(({ name }) => name), text: content[0]!.text };
  } finally {
    await client.close();
  }
}
