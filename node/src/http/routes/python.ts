import type { FastifyInstance, FastifyReply } from 'fastify';
import {
  codes,
  CosmicError,
  formatOf,
  problemOf,
  toJson,
  type Accepted,
  type BlockView,
  type Filter,
} from '@cosmicembeddings/sdk';
import { wireOfJson } from '@cosmicembeddings/sdk/archive';
import { sendProblem } from '../problem.js';
import type { Routes } from './routes.js';

/**
 * The bare paths of the Python project's HTTP client and of its sync specification: status 200 on success, blocks as
 * JSON. A block comes back as the text that was sent. Native blocks appear in their JSON form.
 */
export async function pythonRoutes(app: FastifyInstance, routes: Routes): Promise<void> {
  const nodes = new NodeHints();
  // That client sends a JSON content type with an empty body, and texts whose numbers JSON.parse would change.
  app.removeContentTypeParser('application/json');
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, body, done) => done(null, body));
  const hide = { schema: { hide: true } };

  app.post<{ Body: string }>('/blocks', hide, async (request, reply) =>
    answerPublished(reply, await publishText(request.body ?? '', routes)),
  );
  app.get<{ Querystring: Record<string, string> }>('/blocks/search', hide, async ({ query }, reply) =>
    sendBlocks(reply, await findBlocks(query, routes)),
  );
  app.get<{ Querystring: Record<string, string> }>('/blocks', hide, async ({ query }, reply) =>
    sendBlocks(reply, await findBlocks({ ...query, tags: query['tag'] ?? query['tags'] ?? '' }, routes)),
  );
  app.get<{ Params: { id: string } }>('/blocks/:id', hide, async (request, reply) => {
    const block = await resolve(request.params.id, reply, routes);
    return block === undefined ? reply : reply.type('application/json').send(textOf(block));
  });
  app.get<{ Params: { id: string }; Querystring: Record<string, string> }>(
    '/blocks/:id/related',
    hide,
    async (request, reply) => {
      const block = await resolve(request.params.id, reply, routes);
      if (block === undefined) return reply;
      const related = (await routes.related(block.id, limitOf(request.query['limit'], 5))) as {
        related: readonly { id: string }[];
      };
      return sendBlocks(
        reply,
        await fetchAll(
          related.related.map((item) => item.id),
          routes,
        ),
      );
    },
  );
  app.post<{ Params: { id: string } }>('/blocks/:id/validate', hide, async (request, reply) => {
    const block = await resolve(request.params.id, reply, routes);
    if (block === undefined) return reply;
    const verdict = await routes.check(block.wire);
    const valid = verdict.status === 'checked';
    return {
      valid,
      id: block.id,
      reason: valid ? 'signature and content verified' : `${verdict.code}: ${verdict.detail}`,
    };
  });
  app.get('/nodes', hide, async () => ({ nodes: [...(await ownNodes(routes)), ...nodes.list()] }));
  app.get<{ Params: { id: string } }>('/nodes/:id', hide, async (request, reply) => {
    const found = [...(await ownNodes(routes)), ...nodes.list()].find((node) => node['id'] === request.params.id);
    return found ?? sendProblem(reply, 'block.not_found', `no node ${request.params.id.slice(0, 100)}`);
  });
  app.post<{ Body: string }>('/nodes', hide, async (request) => ({
    status: 'registered',
    node: nodes.add(request.body ?? ''),
  }));
  app.get('/status', hide, async () => {
    const status = await routes.api.status();
    return {
      status: 'ok',
      node_id: status.node,
      version: status.version,
      network: status.network,
      block_count: status.head.count,
      blocks: status.head.count,
      peers: status.peers,
    };
  });
  app.get('/peers', hide, async () => ({
    peers: (await routes.api.peers()).map((peer) => ({
      id: peer.node ?? peer.address,
      address: peer.address,
      state: peer.state,
    })),
  }));
}

async function publishText(text: string, routes: Routes): Promise<Accepted> {
  const trimmed = text.trim();
  if (trimmed === '') throw new CosmicError('request.malformed', 'send one block as JSON');
  const wire = wireOfJson(trimmed);
  return wire instanceof Uint8Array ? routes.accept(wire, { type: 'http' }) : wire;
}

function answerPublished(reply: FastifyReply, answer: Accepted): FastifyReply {
  if (answer.status === 'stored' || answer.status === 'known')
    return reply
      .code(200)
      .send({ ...answer, message: answer.status === 'stored' ? 'block kept' : 'block was here already' });
  const code = answer.status === 'later' ? 'block.in_future' : answer.code;
  return reply
    .code(codes[code].http)
    .type('application/problem+json')
    .send(problemOf(code, answer.status === 'later' ? `retry at ${answer.retryAtMs}` : answer.detail));
}

/** A block by CID, or by the name that it calls itself; several of one name are a 409 with their ids. */
async function resolve(id: string, reply: FastifyReply, routes: Routes): Promise<BlockView | undefined> {
  const direct = await routes.api.get(id);
  if (direct !== undefined) return direct;
  const named = await routes.aliases(id);
  if (named.length > 1) {
    void reply
      .code(409)
      .type('application/problem+json')
      .send({
        ...problemOf('block.ambiguous', `${named.length} blocks call themselves ${id.slice(0, 100)}`),
        ids: named,
      });
    return undefined;
  }
  const block = named[0] === undefined ? undefined : await routes.api.get(named[0]);
  if (block === undefined) void sendProblem(reply, 'block.not_found', id.slice(0, 100));
  return block;
}

function textOf(block: BlockView): string {
  return formatOf(block.wire)?.name === 'python/1'
    ? new TextDecoder().decode(block.wire)
    : toJson(block.wire, { vectors: 'json' });
}

/** Texts as they stand, so that no number changes on its way out. */
function sendBlocks(reply: FastifyReply, blocks: readonly BlockView[]): FastifyReply {
  return reply.type('application/json').send(`{"blocks": [${blocks.map(textOf).join(', ')}]}`);
}

async function fetchAll(ids: readonly string[], routes: Routes): Promise<BlockView[]> {
  const found = await Promise.all(ids.map((id) => routes.api.get(id)));
  return found.filter((block): block is BlockView => block !== undefined);
}

async function findBlocks(query: Record<string, string>, routes: Routes): Promise<BlockView[]> {
  const limit = limitOf(query['limit'], 10);
  const tags = (query['tags'] ?? '').split(',').filter((tag) => tag !== '');
  const creator = query['created_by'];
  const filter: Filter = {
    ...(tags.length === 0 ? {} : { tagsAny: tags }),
    ...(creator?.startsWith('did:key:') === true ? { authors: [creator] } : {}),
  };
  const byName = creator !== undefined && creator !== '' && !creator.startsWith('did:key:');
  const wanted = byName ? 1000 : limit;
  const ids =
    query['q'] === undefined || query['q'] === ''
      ? (await routes.api.find(filter, { limit: wanted })).ids
      : (await routes.api.search({ text: query['q'], k: wanted, filter })).hits.map((hit) => hit.id);
  const blocks = await fetchAll([...new Set(ids)], routes);
  return (byName ? blocks.filter((block) => isCreatedBy(block, creator)) : blocks).slice(0, limit);
}

/** Version 1 lets authors call themselves anything; the name counts where the text carries it. */
function isCreatedBy(block: BlockView, name: string): boolean {
  const text = textOf(block);
  return (
    text.includes(JSON.stringify(name)) &&
    (JSON.parse(text.replace(/\b-?(NaN|Infinity)\b/g, 'null')) as { created_by?: unknown }).created_by === name
  );
}

function limitOf(text: string | undefined, otherwise: number): number {
  const limit = Number(text ?? otherwise);
  if (!Number.isSafeInteger(limit) || limit < 0) throw new CosmicError('request.malformed', `limit: ${text}`);
  return Math.min(limit, 1000);
}

async function ownNodes(routes: Routes): Promise<Record<string, unknown>[]> {
  const status = await routes.api.status();
  const peers = await routes.api.peers();
  return [
    { id: status.node, name: 'this node', version: status.version },
    ...peers.flatMap((peer) =>
      peer.node === undefined ? [] : [{ id: peer.node, name: peer.address, address: peer.address }],
    ),
  ];
}

/** Nodes that registered themselves: hints for people, never dialled because of it. Bounded, oldest dropped. */
class NodeHints {
  private readonly hints = new Map<string, Record<string, unknown>>();

  add(text: string): Record<string, unknown> {
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch (cause) {
      throw new CosmicError('request.malformed', 'send the node as JSON', { cause });
    }
    const node = value as Record<string, unknown>;
    if (typeof node !== 'object' || node === null || typeof node['id'] !== 'string' || text.length > 8192)
      throw new CosmicError('request.malformed', 'expected {"id", "name", "location", …} of at most 8 KiB');
    this.hints.delete(node['id']);
    this.hints.set(node['id'], node);
    if (this.hints.size > 1000) this.hints.delete(this.hints.keys().next().value!);
    return node;
  }

  list(): Record<string, unknown>[] {
    return [...this.hints.values()];
  }
}
