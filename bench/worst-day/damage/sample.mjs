// A data folder with everything in it, made by a real node, and what that node answers.
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { concatBytes } from '@cosmicembeddings/sdk';
import { randomOf } from '../blocks.mjs';
import { blockOf, retractionOf, rowOf, rowsOf, spaceIds, whichSpace } from '../power/ledger.mjs';
import { post, run, startNode } from './node-process.mjs';

/**
 * `<home>/stopped`: left by a node that was stopped; `<home>/killed`: by one that was killed a moment after more blocks;
 * `<home>/backup`: a copy of the store. Answers which bytes each block has (undefined: only its header is kept).
 */
export async function makeSample(home, count) {
  const [stopped, killed, backup] = ['stopped', 'killed', 'backup'].map((name) => join(home, name));
  mkdirSync(stopped);
  writeFileSync(join(stopped, 'config.json'), JSON.stringify({ embedders: [], verifyWorkers: 1, guard: false }));
  const blocks = [];
  for (let number = 1; number <= count; number++) blocks.push(await blockOf(number, rowsOf(number)));
  const retraction = await retractionOf(7, blocks[6].id);
  const late = [];
  for (let number = count + 1; number <= count + 30; number++) late.push(await blockOf(number, 1));

  const node = await startNode(stopped);
  for (let i = 0; i < blocks.length; i += 50)
    await post(
      node,
      '/v2/blocks',
      'application/cbor-seq',
      concatBytes(...blocks.slice(i, i + 50).map(({ wire }) => wire)),
    );
  await post(node, '/v2/blocks?wait=indexed', 'application/cbor-seq', retraction.wire);
  const erased = [blocks[10], blocks[11]];
  await post(
    node,
    '/v2/erase',
    'application/json',
    JSON.stringify({ ids: erased.map(({ id }) => id), reason: 'takedown' }),
  );
  await post(node, '/v2/peers', 'application/json', JSON.stringify({ url: 'http://127.0.0.1:9009' }));
  const told = await run('backup', backup, '--data', stopped);
  if (told.status !== 0) throw new Error(`backup: ${told.stderr}`);
  await settled(node);
  await node.stop();

  cpSync(stopped, killed, { recursive: true });
  const again = await startNode(killed);
  await post(again, '/v2/blocks', 'application/cbor-seq', concatBytes(...late.map(({ wire }) => wire)));
  await settled(again);
  await again.stop('SIGKILL');
  const wires = (list) =>
    new Map(list.map(({ id, wire }) => [id, erased.some((one) => one.id === id) ? undefined : wire]));
  return {
    stopped: wires([...blocks, retraction]),
    killed: wires([...blocks, retraction, ...late]),
    numbers: [...blocks, ...late].length,
  };
}

/** Waits until every follower stands at the head; answers the status. */
export async function settled({ url }, withinMs = 20_000) {
  for (const until = Date.now() + withinMs; ;) {
    const status = await (await patiently(`${url}/v2/status`)).json();
    if (status.followers.every(({ lag }) => lag === 0) && !status.notes.some((note) => /wait|being built/.test(note)))
      return status;
    if (Date.now() > until) return { ...status, late: true };
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

const QUERIES = 12;

/** The questions that every node of the sample is asked, and how this one answers: ids, rows and cosines. */
export async function answersOf({ url }, count, seed = 1) {
  const random = randomOf(seed);
  const answers = [];
  for (let i = 0; i < QUERIES; i++) {
    const number = 1 + Math.floor(random() * count);
    const vector = { space: spaceIds[whichSpace(number)], values: [...rowOf(number, 0)] };
    answers.push(await ask(url, { vector, k: 5 }));
    answers.push(await ask(url, { text: `word${number} river`, mode: 'words', k: 5 }));
  }
  answers.push(await ask(url, { text: 'planet moon', mode: 'words', k: 5, filter: { tagsAny: ['tenth'] } }));
  // Withdrawn, and erased: not to be found.
  for (const number of [7, 11, 12]) {
    answers.push(
      await ask(url, { vector: { space: spaceIds[whichSpace(number)], values: [...rowOf(number, 0)] }, k: 3 }),
    );
    answers.push(await ask(url, { text: `word${number}`, mode: 'words', k: 3 }));
  }
  return answers;
}

/** A node may close a connection that was idle just as it is used again: such a question is asked once more. */
export async function patiently(url, options) {
  try {
    return await fetch(url, options);
  } catch {
    return fetch(url, options);
  }
}

async function ask(url, request) {
  const response = await patiently(`${url}/v2/search`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(request),
  });
  const answer = await response.json();
  if (!response.ok) return { code: answer.code };
  const hits = answer.hits.map(({ id, row, cosine, score }) => [id, row, (cosine ?? score).toFixed(4)]);
  return { hits, to: answer.indexedTo?.seq };
}
