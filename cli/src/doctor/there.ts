import { CosmicError, type Embedder, type NodeStatus } from '@cosmicembeddings/sdk';
import { spaceIdOf } from '@cosmicembeddings/sdk/space';
import { asOperator, openClient } from '../node-client.js';
import { plural } from '../output.js';
import type { Settings } from '../settings.js';
import { version } from '../version.js';
import { fault, ok, warning, type Finding } from './finding.js';
import { faultOf } from './here.js';

const SKEW_MAX_MS = 60_000;

/** The node of the settings, by its own words and by what is missing in them. */
export async function checkNode(
  given: Settings,
  embedder: Embedder | undefined,
): Promise<{ readonly findings: readonly Finding[]; readonly answers: boolean }> {
  // A node may want a key of whoever reads; who has its data folder has one.
  const settings = asOperator(given);
  let status: NodeStatus;
  try {
    status = await openClient(settings).status();
  } catch (error) {
    if (error instanceof CosmicError && error.code === 'request.unauthorised')
      return {
        findings: [
          fault(
            'node',
            `${settings.node} answers, and says nothing to whoever has no key of it`,
            '--token KEY that its operator gave you, or --data FOLDER of the node if it is yours',
          ),
        ],
        answers: true,
      };
    const isOther = await somethingAnswers(settings.node);
    return {
      findings: [
        isOther
          ? fault(
              'node',
              `what answers at ${settings.node} is no node`,
              `another program has that address: --node names the node's`,
            )
          : faultOf('node', error),
      ],
      answers: isOther,
    };
  }
  return {
    findings: [
      ok('node', `${settings.node} answers, version ${status.version}`),
      ...identityFindings(settings, status),
      ...engineFindings(status),
      ...embedderFindings(status, embedder),
      await clockFinding(settings),
      await readyFinding(settings, status),
    ],
    answers: true,
  };
}

async function somethingAnswers(address: string): Promise<boolean> {
  try {
    await (await fetch(address, { signal: AbortSignal.timeout(5_000) })).body?.cancel();
    return true;
  } catch {
    return false;
  }
}

function identityFindings(settings: Settings, status: NodeStatus): Finding[] {
  const findings: Finding[] = [];
  const named = (network: string): string => (network === '' ? 'the public network' : `network ${network}`);
  if (status.network !== settings.network)
    findings.push(
      fault(
        'network',
        `the node keeps blocks of ${named(status.network)}, you sign for ${named(settings.network)}: it refuses them`,
        `--network ${status.network}, or another node`,
      ),
    );
  if (status.version.split('.').slice(0, 2).join('.') !== version.split('.').slice(0, 2).join('.'))
    findings.push(
      warning(
        'version',
        `the node is of version ${status.version}, this command of ${version}`,
        'bring both to the same',
      ),
    );
  return findings;
}

/** What a node falls back to where a compiled part is missing: it works, slower. */
function engineFindings({ engines }: NodeStatus): Finding[] {
  const slow = [
    engines.store === 'wasm' ? 'the store runs as WebAssembly' : undefined,
    engines.index === 'exact' ? 'searches compare every vector' : undefined,
    engines.verifier === 'portable' ? 'signatures are checked in JavaScript' : undefined,
  ].filter((one) => one !== undefined);
  return slow.length === 0
    ? [ok('engines', `store ${engines.store}, index ${engines.index}, signatures ${engines.verifier}`)]
    : [
        warning(
          'engines',
          slow.join(', '),
          'compiled parts are missing on the node: npm rebuild better-sqlite3 usearch hnswlib-node says why',
        ),
      ];
}

function embedderFindings(status: NodeStatus, embedder: Embedder | undefined): Finding[] {
  if (embedder === undefined) return [];
  const space = spaceIdOf(embedder.space);
  return status.embedders.some((one) => one.space === space)
    ? []
    : [
        warning(
          'questions',
          `the node has no embedder for ${embedder.space.model}: it finds what you publish by words and by vectors that you send, not by the meaning of a question`,
          'its operator can add it to embedders of its config.json',
        ),
      ];
}

/** By the `Date` of an answer (RFC 9110, 6.6.1), which is whole seconds. */
async function clockFinding(settings: Settings): Promise<Finding> {
  try {
    const before = Date.now();
    const answer = await fetch(new URL('/health', settings.node), { signal: AbortSignal.timeout(10_000) });
    const there = Date.parse(answer.headers.get('date') ?? '');
    const skew = there - (before + Date.now()) / 2;
    if (Number.isNaN(skew)) return warning('clock', 'the node does not say its time', 'compare both clocks by hand');
    return Math.abs(skew) > SKEW_MAX_MS
      ? fault(
          'clock',
          `this clock and the node's are ${Math.round(Math.abs(skew) / 1000)} s apart: blocks from the future wait or are refused`,
          'set the clock by NTP where it is wrong',
        )
      : ok('clock', 'agrees with the node’s');
  } catch (error) {
    return faultOf('clock', error, 'try again');
  }
}

async function readyFinding(settings: Settings, status: NodeStatus): Promise<Finding> {
  const behind = status.followers.filter(({ lag }) => lag > 0).map(({ name, lag }) => `${name} ${lag} behind`);
  try {
    const answer = await fetch(new URL('/ready', settings.node), { signal: AbortSignal.timeout(10_000) });
    const { ready, reasons = [] } = (await answer.json()) as { ready?: boolean; reasons?: string[] };
    if (ready !== true)
      return fault(
        'ready',
        `the node is not ready: ${[...reasons, ...behind].join('; ') || `status ${answer.status}`}`,
        'wait where it catches up; else its log and docs/operating.md say what each reason means',
      );
  } catch (error) {
    return faultOf('ready', error, 'try again');
  }
  const said = [...status.notes, ...behind];
  return said.length === 0
    ? ok('ready', `it holds ${plural(status.head.count, 'block')}, all of them are found`)
    : warning('ready', said.join('; '), 'cosmic status shows how far it is');
}
