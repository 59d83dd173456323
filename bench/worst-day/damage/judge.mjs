// Starts a node on a damaged folder and says what it did, and whether that was right.
import { answersOf, patiently, settled } from './sample.mjs';
import { run, startNode } from './node-process.mjs';

const TRACE = /\n\s+at .+:\d+:\d+|node\.internal/;
const CODE = /^((?:store|key|config|node|input)\.[a-z_]+): (.+)/m;

/** {fsck, start, code?, wrong}: `wrong` lists every broken promise; empty is well. */
export async function judgeFolder(data, { wires, baseline, count, follower }) {
  const wrong = [];
  const fsck = run('fsck', '--data', data, '--json');
  const findings = findingsOf(fsck);
  if (TRACE.test(fsck.stderr)) wrong.push(`fsck: ${fsck.stderr.slice(0, 400)}`);
  if (![0, 1].includes(fsck.status)) wrong.push(`fsck ended with ${fsck.status} ${fsck.signal}`);
  if (fsck.status === 1 && findings.length === 0 && !CODE.test(fsck.stderr)) wrong.push('fsck failed and said nothing');

  const node = await startNode(data);
  if (node.refused !== undefined) {
    const { status, signal, stderr } = node.refused;
    const [, code, advice] = CODE.exec(stderr) ?? [];
    if (TRACE.test(stderr)) wrong.push(`start: ${stderr.slice(0, 400)}`);
    if (signal !== null || status === 0) wrong.push(`start ended with ${status} ${signal}`);
    if (code === undefined) wrong.push(`refused without a code: ${stderr.slice(0, 200)}`);
    if (follower) wrong.push('a follower’s file keeps the node from starting');
    return { fsck: fsck.status, findings, start: 'refused', code, advice, wrong };
  }
  const early = await answersOf(node, count);
  const { missing, bad } = await readAll(node.url, wires);
  for (const id of bad.slice(0, 3)) wrong.push(`wrong bytes of ${id}`);
  const status = await settled(node);
  const late = await answersOf(node, count);
  const ended = await node.stop();
  if (TRACE.test(`\n${ended.stderr}`)) wrong.push(`running: ${ended.stderr.slice(0, 600)}`);
  if (ended.signal !== null || ended.status !== 0) wrong.push(`the node ended with ${ended.status} ${ended.signal}`);
  const lost = missing.length;
  if (lost > 0 && fsck.status === 0) wrong.push(`${lost} blocks are gone, and fsck finds nothing`);
  const [differsEarly, differs] = [early, late].map((answers) => countOther(answers, baseline));
  if (follower) {
    if (lost > 0) wrong.push(`${lost} blocks are gone`);
    if (status.late) wrong.push(`followers never arrived: ${JSON.stringify(status.followers)} ${status.notes}`);
    if (differs > 0)
      wrong.push(`${differs} of ${baseline.length} answers differ in the end: ${firstOther(late, baseline)}`);
    if (differsEarly > 0 && !early.some((one, i) => other(one, baseline[i]) && (one.to ?? Infinity) < baseline[i].to))
      wrong.push(`${differsEarly} first answers differ and do not say so: ${firstOther(early, baseline)}`);
    const after = run('fsck', '--data', data, '--json');
    if (after.status !== 0)
      wrong.push(`fsck after the rebuild: ${after.stdout.slice(0, 300)}${after.stderr.slice(0, 200)}`);
  } else if (fsck.status === 0 && differs > 0)
    wrong.push(`${differs} answers differ, and fsck finds nothing: ${firstOther(late, baseline)}`);
  return {
    fsck: fsck.status,
    findings,
    start: 'served',
    missing: lost,
    differsEarly,
    differs,
    notes: status.notes,
    wrong,
  };
}

function findingsOf({ stdout }) {
  try {
    return JSON.parse(stdout).findings.map(({ part, what, id, remedy }) => ({
      part,
      what: what.slice(0, 120),
      id,
      remedy,
    }));
  } catch {
    return [];
  }
}

/** Blocks that are not answered, and those that are answered with other bytes than were signed. */
async function readAll(url, wires) {
  const missing = [];
  const bad = [];
  for (const [id, wire] of wires) {
    const response = await patiently(`${url}/v2/blocks/${id}`, { headers: { accept: 'application/cbor-seq' } });
    const bytes = Buffer.from(await response.arrayBuffer());
    // 410: erased, with the header that is left of it.
    if (!response.ok && response.status !== 410) missing.push(id);
    else if (wire !== undefined ? !bytes.equals(wire) : !isHeaderOnly(bytes)) bad.push(id);
  }
  return { missing, bad };
}

function isHeaderOnly(bytes) {
  return bytes.at(-1) === 0xf6;
}

const other = (answer, expected) => JSON.stringify(answer.hits) !== JSON.stringify(expected.hits);
const countOther = (answers, baseline) => answers.filter((one, i) => other(one, baseline[i])).length;
const firstOther = (answers, baseline) => {
  const i = answers.findIndex((one, at) => other(one, baseline[at]));
  return `question ${i}: ${JSON.stringify(answers[i])} for ${JSON.stringify(baseline[i])}`.slice(0, 500);
};
