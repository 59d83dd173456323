import { accessSync, constants, existsSync, readFileSync, statfsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { codes, CosmicError, type Embedder } from '@cosmicembeddings/sdk';
import { decodeKey, isLockedKey } from '@cosmicembeddings/sdk/keys';
import { keyFileText } from '@cosmicembeddings/sdk/keys/node';
import { openEmbedder } from '../embedder.js';
import { bytesText, plural } from '../output.js';
import { openJournal } from '../publish/journal.js';
import type { Settings } from '../settings.js';
import { fault, ok, warning, type Finding } from './finding.js';

const NODE_MIN = [20, 19] as const;
/** Below this a node soon refuses strangers; its own reserve is a part of it. */
const FREE_MIN_BYTES = 2e9;

export function checkRuntime(version = process.versions.node): Finding {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > NODE_MIN[0] || (major === NODE_MIN[0] && minor >= NODE_MIN[1])
    ? ok('runtime', `Node ${version}`)
    : fault('runtime', `Node ${version} is too old`, `install Node ${NODE_MIN.join('.')} or newer`);
}

/** The author's key is there, is a key, and only its owner can read it. */
export async function checkKey(settings: Settings): Promise<Finding> {
  if (settings.keyText !== undefined) return ok('key', 'from COSMIC_PRIVATE_KEY');
  const { keyFile } = settings;
  try {
    const text = await keyFileText(keyFile);
    if (text === undefined) return fault('key', `no key at ${keyFile}`, 'cosmic init makes one');
    if (process.platform !== 'win32' && (statSync(keyFile).mode & 0o077) !== 0)
      return fault(
        'key',
        `others can read ${keyFile}`,
        `chmod 600 ${keyFile}; who may have read it can sign in your name`,
      );
    if (isLockedKey(text)) return ok('key', `${keyFile}, locked with a passphrase`);
    await decodeKey(text);
    return ok('key', keyFile);
  } catch (error) {
    return faultOf('key', error);
  }
}

/** Tries the embedder with a word, so that a service that is down or a model that is missing is found. */
export async function checkEmbedder(
  settings: Settings,
): Promise<{ readonly finding: Finding; readonly embedder?: Embedder }> {
  try {
    const embedder = await openEmbedder(settings);
    await embedder.embed(['probe'], { role: 'query', signal: AbortSignal.timeout(20_000) });
    return { finding: ok('embedder', embedder.space.model), embedder };
  } catch (error) {
    return { finding: faultOf('embedder', error) };
  }
}

export function checkPending(settings: Settings): Finding {
  const pending = openJournal(settings.home).pending();
  return pending.length === 0
    ? ok('pending', 'nothing waits to be published')
    : warning(
        'pending',
        `${plural(pending.length, 'document')} ${pending.length === 1 ? 'waits' : 'wait'}: ${pending[0]!.reason}`,
        'cosmic publish without a path does them as they were asked for',
      );
}

/** The data folder of a node that runs here: nothing to say where there is none. */
export function checkData({ data }: Settings, answers: boolean): Finding[] {
  if (!existsSync(data)) return [];
  const findings: Finding[] = [];
  try {
    accessSync(data, constants.R_OK | constants.W_OK | constants.X_OK);
    for (const name of ['store.sqlite', 'node.key'])
      if (existsSync(join(data, name))) accessSync(join(data, name), constants.R_OK | constants.W_OK);
  } catch (error) {
    findings.push(
      fault(
        'data',
        (error as Error).message,
        `give ${data} and what is in it to the user that runs the node (chown -R)`,
      ),
    );
  }
  const { bavail, bsize } = statfsSync(data);
  const free = bavail * bsize;
  findings.push(
    free < FREE_MIN_BYTES
      ? warning(
          'disk',
          `${bytesText(free)} free for ${data}`,
          'make room, or set retention and dataMaxBytes (docs/operating.md)',
        )
      : ok('disk', `${bytesText(free)} free for ${data}`),
  );
  const holder = answers ? undefined : holderOf(data);
  if (holder !== undefined)
    findings.push(
      warning(
        'lock',
        `${data} names process ${holder} as its node, and no node answers at the configured address`,
        `look at the node's log and address (--node); if process ${holder} is gone the next start takes the folder over`,
      ),
    );
  return findings;
}

function holderOf(data: string): number | undefined {
  try {
    const { pid } = JSON.parse(readFileSync(join(data, 'lock'), 'utf8')) as { pid?: unknown };
    return typeof pid === 'number' ? pid : undefined;
  } catch {
    return undefined;
  }
}

/** A stable code brings its own advice. */
export function faultOf(check: string, error: unknown, remedy = 'look at the message'): Finding {
  if (error instanceof CosmicError) {
    const { meaning, advice } = codes[error.code];
    return fault(check, `${error.code}: ${error.detail === '' ? meaning : error.detail}`, advice);
  }
  return fault(check, (error as Error).message, remedy);
}
