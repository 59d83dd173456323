import { Worker } from 'node:worker_threads';
import { CosmicError, toJson, type Code, type Rejected } from '@cosmicembeddings/sdk';
import { wireOfJson } from '@cosmicembeddings/sdk/archive';
import { workerMemory } from '../worker-memory.js';
import type { FormsReply, FormsRequest, PythonClaims, VectorForm } from './forms-worker.js';

/** Blocks from JSON and to JSON. What is large is done by a worker: the event loop must never stand still over it. */
export interface Forms {
  /** @throws CosmicError node.busy, request.too_large, and the code of what makes `wire` no block */
  toJson(wire: Uint8Array, vectors: VectorForm): Promise<string>;
  /** @throws CosmicError node.busy */
  fromJson(text: string): Promise<Uint8Array | Rejected>;
  /** What a version-1 text says of itself, and which of that its signature covers. */
  claims(wire: Uint8Array): Promise<PythonClaims>;
  close(): Promise<void>;
}

/** The JSON form of one block as a request, in characters: 0.2 s of a worker. */
export const jsonFormMaxChars = 2 * 1024 * 1024;
/** The largest block whose vectors are written as numbers: 0.2 s of a worker, and four times its bytes. */
export const numbersMaxBytes = 256 * 1024;

/** Up to here a form is made where it is wanted: a message to a worker and back costs as much. */
const SMALL_CHARS = 16 * 1024;
const SMALL_BYTES = 4 * 1024;
/** What may wait for the worker, in characters and bytes. */
const WAITING_MAX = 48 * 1024 * 1024;

interface Waiting {
  readonly size: number;
  resolve(reply: FormsReply): void;
  reject(error: unknown): void;
}

export function createForms(): Forms {
  const waiting: Waiting[] = [];
  let size = 0;
  let worker: Worker | undefined;

  const open = (): Worker => {
    const opened = new Worker(new URL('./forms-worker.js', import.meta.url), { resourceLimits: workerMemory });
    opened.unref();
    opened.on('message', (reply: FormsReply) => {
      const first = waiting.shift();
      size -= first?.size ?? 0;
      first?.resolve(reply);
    });
    // The next question gets a new one.
    const end = (error: unknown): void => {
      if (worker !== opened) return;
      worker = undefined;
      size = 0;
      for (const one of waiting.splice(0)) one.reject(error);
    };
    opened.on('error', end);
    opened.on('exit', () => end(new CosmicError('node.stopping', 'the forms are closed')));
    return opened;
  };
  const ask = (request: FormsRequest, bytes: number): Promise<FormsReply> =>
    new Promise((resolve, reject) => {
      if (size + bytes > WAITING_MAX && waiting.length > 0)
        return reject(new CosmicError('node.busy', `${waiting.length} blocks wait for their JSON form`));
      size += bytes;
      waiting.push({ size: bytes, resolve, reject });
      (worker ??= open()).postMessage(request);
    });

  return {
    toJson: async (wire, vectors) => {
      if (vectors === 'json' && wire.length > numbersMaxBytes)
        throw new CosmicError(
          'request.too_large',
          `vectors=json for a block of ${wire.length} bytes, at most ${numbersMaxBytes}; ask for vectors=base64, or for application/cbor-seq`,
        );
      if (wire.length <= SMALL_BYTES) return toJson(wire, { vectors });
      return textOf(await ask({ type: 'toJson', wire, vectors }, wire.length));
    },
    fromJson: async (text) => {
      if (text.length > jsonFormMaxChars)
        return {
          status: 'rejected',
          code: 'block.too_large',
          detail: `JSON: ${text.length} characters, at most ${jsonFormMaxChars}; send application/cbor-seq`,
        };
      if (text.length <= SMALL_CHARS) return wireOfJson(text);
      const reply = await ask({ type: 'fromJson', text }, text.length);
      return 'wire' in reply ? reply.wire : (reply as Rejected);
    },
    claims: async (wire) => (await ask({ type: 'claims', wire }, wire.length)) as PythonClaims,
    close: async () => void (await worker?.terminate()),
  };
}

function textOf(reply: FormsReply): string {
  if ('text' in reply) return reply.text;
  const { code, detail } = reply as { code: Code; detail: string };
  throw new CosmicError(code, detail);
}
