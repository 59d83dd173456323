import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import {
  codes,
  CosmicError,
  formatOf,
  problemOf,
  type Accepted,
  type SignedBlock,
  type Source,
} from '@cosmicembeddings/sdk';
import { readFilter } from '@cosmicembeddings/sdk/filter';
import { PYTHON_KIND } from '@cosmicembeddings/sdk/python';
import { sourceOf } from '../access.js';
import { costOfForm, costOfJudging, costOfPythonList, takeTurn } from '../cost.js';
import type { PythonClaims } from '../forms-worker.js';
import { jsonFormMaxChars, numbersMaxBytes } from '../forms.js';
import { sendProblem } from '../problem.js';
import { secondsUntil } from './blocks.js';
import { NodeHints } from './node-hints.js';
import type { Routes } from './routes.js';

/**
 * The bare paths of the Python project's HTTP client and of its sync specification: status 200 on success, blocks as
 * JSON. A block comes back as the text that was sent. Native blocks appear in their JSON form.
 */
export async function pythonRoutes(app: FastifyInstance, routes: Routes): Promise<void> {
  const nodes = new NodeHints();
  // That client sends a JSON content type with an empty body, and texts whose numbers JSON.parse would change.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser(
    'application/json',
    { parseAs: 'string', bodyLimit: jsonFormMaxChars },
    (_request, body, done) => done(null, body),
  );
  const hide = { schema: { hide: true } };
  const list = { ...hide, config: { costMs: ({ query }: FastifyRequest) => costOfPythonList(query as PythonQuery) } };

  app.post<{ Body: string }>(
    '/blocks',
    { ...hide, config: { costMs: ({ body }) => costOfJudging(String(body ?? '').length, true) } },
    async (request, reply) =>
      answerPublished(reply, await publishText(request.body ?? '', sourceOf(request.visitor), routes)),
  );
  app.get<{ Querystring: PythonQuery }>('/blocks/search', list, async ({ query }, reply) =>
    sendBlocks(reply, await findBlocks(query, routes), routes),
  );
  app.get<{ Querystring: PythonQuery }>('/blocks', list, async ({ query }, reply) =>
    sendBlocks(reply, await findBlocks(query, routes), routes),
  );
  app.get<{ Params: { id: string } }>('/blocks/:id', hide, async (request, reply) => {
    await takeTurn(request, reply, routes.dear, costOfForm(routes.bytesOf(request.params.id), 'json'));
    const block = await resolve(request.params.id, reply, routes);
    if (block === undefined) return reply;
    const claims = await claimsOf(block, routes);
    if (claims?.author !== undefined) void reply.header('cosmic-author', claims.author);
    if (claims !== undefined) void reply.header('cosmic-uncovered', claims.uncovered.join(', '));
    return reply.type('application/json').send(await textOf(block, routes));
  });
  app.get<{ Params: { id: string }; Querystring: PythonQuery }>('/blocks/:id/related', list, async (request, reply) => {
    const block = await resolve(request.params.id, reply, routes);
    if (block === undefined) return reply;
    const limit = Math.min(100, limitOf(request.query['limit'], 5));
    const { related } = (await routes.related(block.id, limit)) as { related: readonly { id: string }[] };
    const ids = related.map(({ id }) => id);
    return sendBlocks(reply, await fetchAll(ids, limit, routes), routes);
  });
  app.post<{ Params: { id: string } }>('/blocks/:id/validate', hide, async (request, reply) => {
    await takeTurn(request, reply, routes.dear, costOfForm(routes.bytesOf(request.params.id), 'json'));
    const block = await resolve(request.params.id, reply, routes);
    if (block === undefined) return reply;
    const verdict = await routes.check(block.wire);
    if (verdict.status !== 'checked')
      return { valid: false, id: block.id, reason: `${verdict.code}: ${verdict.detail}` };
    const uncovered = (await claimsOf(block, routes))?.uncovered ?? [];
    return {
      valid: true,
      id: block.id,
      signed_by: verdict.entry.author,
      uncovered,
      reason:
        uncovered.length === 0
          ? 'signature and content verified'
          : `signature verified; it does not cover ${uncovered.join(', ')}: anybody could have added that`,
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

async function publishText(text: string, source: Source, routes: Routes): Promise<Accepted> {
  const trimmed = text.trim();
  if (trimmed === '') throw new CosmicError('request.malformed', 'send one block as JSON');
  const wire = await routes.forms.fromJson(trimmed);
  return wire instanceof Uint8Array ? routes.accept(wire, source) : wire;
}

function answerPublished(reply: FastifyReply, answer: Accepted): FastifyReply {
  if (answer.status === 'stored' || answer.status === 'known')
    return reply
      .code(200)
      .send({ ...answer, message: answer.status === 'stored' ? 'block kept' : 'block was here already' });
  const code = answer.status === 'later' ? 'block.in_future' : answer.code;
  if (codes[code].retry) void reply.header('retry-after', secondsUntil(answer.retryAtMs));
  return reply
    .code(codes[code].http)
    .type('application/problem+json')
    .send(problemOf(code, answer.status === 'later' ? `retry at ${answer.retryAtMs}` : answer.detail));
}

/** A block by CID, or by the name that it calls itself; several of one name are a 409 with their ids. */
async function resolve(id: string, reply: FastifyReply, routes: Routes): Promise<SignedBlock | undefined> {
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

/** What one list may hold, in bytes of blocks, and what may be read to find it. */
const LIST_MAX_BYTES = 1024 * 1024;
const READ_MAX_BYTES = 16 * 1024 * 1024;

function textOf(block: SignedBlock, { forms }: Routes): Promise<string> {
  return formatOf(block.wire)?.name === 'python/1'
    ? Promise.resolve(new TextDecoder().decode(block.wire))
    : forms.toJson(block.wire, 'json');
}

function claimsOf(block: SignedBlock, { forms }: Routes): Promise<PythonClaims> | undefined {
  return formatOf(block.wire)?.name === 'python/1' ? forms.claims(block.wire) : undefined;
}

/**
 * Texts as they stand, so that no number changes on its way out. Beside them who signed each and which fields of its text
 * anybody could have added; and the ids of those that the answer has no room for, which can be fetched one by one.
 */
async function sendBlocks(reply: FastifyReply, { blocks, leftOut }: Listed, routes: Routes): Promise<FastifyReply> {
  const texts: string[] = [];
  const signed: unknown[] = [];
  const left = [...leftOut];
  let bytes = 0;
  for (const block of blocks) {
    bytes += block.wire.length;
    if (bytes > LIST_MAX_BYTES || (block.wire.length > numbersMaxBytes && formatOf(block.wire)?.name !== 'python/1')) {
      left.push(block.id);
      continue;
    }
    const claims = await claimsOf(block, routes);
    texts.push(await textOf(block, routes));
    signed.push({ id: block.id, ...(claims === undefined ? {} : { by: claims.author, uncovered: claims.uncovered }) });
  }
  const more = left.length === 0 ? '' : `, "left_out": ${JSON.stringify(left)}`;
  return reply
    .type('application/json')
    .send(`{"blocks": [${texts.join(', ')}], "signed": ${JSON.stringify(signed)}${more}}`);
}

interface Listed {
  readonly blocks: readonly SignedBlock[];
  readonly leftOut: readonly string[];
}

/** Blocks one after another, as far as the budget of reading goes; what was erased or is damaged is left out. */
async function fetchAll(
  ids: readonly string[],
  limit: number,
  routes: Routes,
  isWanted: (block: SignedBlock) => Promise<boolean> = () => Promise.resolve(true),
): Promise<Listed> {
  const blocks: SignedBlock[] = [];
  const leftOut: string[] = [];
  let bytes = 0;
  for (const id of ids) {
    if (blocks.length + leftOut.length >= limit) break;
    if (bytes > READ_MAX_BYTES) {
      leftOut.push(id);
      continue;
    }
    const block = await routes.api.get(id).catch((error: unknown) => {
      if (error instanceof CosmicError) return undefined;
      throw error;
    });
    bytes += block?.wire.length ?? 0;
    if (block !== undefined && (await isWanted(block))) blocks.push(block);
  }
  return { blocks, leftOut };
}

async function findBlocks(query: PythonQuery, routes: Routes): Promise<Listed> {
  const limit = limitOf(query['limit'], 10);
  const tags = [query['tag'], query['tags']].flatMap((texts) => texts ?? []).flatMap((text) => text.split(','));
  const creator = oneOf(query, 'created_by');
  const byKey = creator?.startsWith('did:key:') === true;
  const byName = creator !== undefined && creator !== '' && !byKey;
  const filter = readFilter({
    ...(tags.every((tag) => tag === '') ? {} : { tagsAny: tags.filter((tag) => tag !== '') }),
    ...(byKey ? { authors: [creator] } : {}),
    ...(byName ? { kinds: [PYTHON_KIND] } : {}),
  });
  const words = oneOf(query, 'q') ?? '';
  const wanted = byName ? 1000 : limit;
  const ids =
    words === ''
      ? (await routes.api.find(filter, { limit: wanted })).ids
      : (await routes.api.search({ text: words, k: wanted, filter })).hits.map((hit) => hit.id);
  // Version 1 lets authors call themselves anything; a name counts where its author signed it.
  return fetchAll([...new Set(ids)], limit, routes, async (block) =>
    byName ? (await claimsOf(block, routes))?.createdBy === creator : true,
  );
}

type PythonQuery = Readonly<Record<string, string | readonly string[] | undefined>>;

/** @throws CosmicError request.malformed where a name stands twice */
function oneOf(query: PythonQuery, name: string): string | undefined {
  const value = query[name];
  if (value !== undefined && typeof value !== 'string')
    throw new CosmicError('request.malformed', `${name}: it stands ${value.length} times`);
  return value;
}

function limitOf(text: PythonQuery[string], otherwise: number): number {
  const limit = Number(text ?? otherwise);
  if (!Number.isSafeInteger(limit) || limit < 0)
    throw new CosmicError('request.malformed', `limit: ${String(text).slice(0, 100)}`);
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
