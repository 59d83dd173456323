import { parentPort } from 'node:worker_threads';
import { CosmicError, didOf, rejected, toJson, verify, type Rejected } from '@cosmicembeddings/sdk';
import { wireOfJson } from '@cosmicembeddings/sdk/archive';
import { openPythonBlock } from '@cosmicembeddings/sdk/python';

export type VectorForm = 'json' | 'base64' | 'none';

export type FormsRequest =
  | { readonly type: 'toJson'; readonly wire: Uint8Array; readonly vectors: VectorForm }
  | { readonly type: 'fromJson'; readonly text: string }
  | { readonly type: 'claims'; readonly wire: Uint8Array };

/** Who signed a version-1 text, the name that it signed for itself, and the fields that anybody could have added. */
export interface PythonClaims {
  readonly author?: string;
  readonly createdBy?: string;
  readonly uncovered: readonly string[];
}

/** One for each request, in order. */
export type FormsReply = { readonly text: string } | { readonly wire: Uint8Array } | PythonClaims | Rejected;

const port = parentPort!;
port.on('message', (request: FormsRequest) => port.postMessage(answer(request)));

function answer(request: FormsRequest): FormsReply {
  try {
    if (request.type === 'claims') return claimsOf(request.wire);
    if (request.type === 'toJson') return { text: toJson(request.wire, { vectors: request.vectors }) };
    const wire = wireOfJson(request.text);
    return wire instanceof Uint8Array ? { wire } : wire;
  } catch (error) {
    if (error instanceof CosmicError) return rejected(error.code, error.detail);
    return rejected('node.internal', String(error));
  }
}

function claimsOf(wire: Uint8Array): PythonClaims {
  const opened = openPythonBlock(wire, verify);
  if (opened.status === 'rejected') return { uncovered: [] };
  const { covered, signature } = opened.block;
  const name = covered.get('created_by');
  return {
    author: didOf(signature.publicKey),
    ...(typeof name === 'string' ? { createdBy: name } : {}),
    uncovered: signature.uncovered,
  };
}
