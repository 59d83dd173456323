import { equalBytes } from '../bytes.js';
import { cidOf, DAG_CBOR } from '../codec/index.js';
import { publicKeyOfDid } from '../crypto/index.js';
import { openBlock, decodeBody, kindHeader, signedBytes, type Checks, type Header } from '../block/index.js';
import type { Code, Rejected } from '../errors.js';
import { readBody } from '../kinds/index.js';
import { openPythonBlock, rowsOf } from '../python/index.js';
import { checkAny, formatOf } from './any.js';

/** One thing that was looked at. `note`: it fails without making the block invalid. */
export interface Finding {
  readonly name: 'form' | 'body' | 'signature' | 'sky' | 'kind' | 'rows';
  readonly ok: boolean;
  readonly code?: Code;
  readonly detail?: string;
  readonly note?: true;
}

/** What a reader can say of a block after checking it: who signed it, and that it is whole; never that it is true. */
export interface Inspection {
  readonly valid: boolean;
  readonly id?: string;
  readonly format?: string;
  readonly author?: string;
  /** Fields of a version-1 text that its signature does not cover. */
  readonly uncovered: readonly string[];
  readonly checks: readonly Finding[];
}

/** Judges one block as every node does, and says for each check how it went. Never throws. */
export function inspect(wire: Uint8Array, checks: Checks): Inspection {
  const checked = checkAny(wire, checks);
  const format = formatOf(wire)?.name;
  const findings =
    format === 'native/2'
      ? nativeFindings(wire, checks)
      : format === 'python/1'
        ? pythonFindings(wire, checks)
        : undefined;
  const given = findings ?? { uncovered: [], checks: [failed('form', checked as Rejected)] };
  if (checked.status === 'checked')
    return { valid: true, id: checked.id, format: checked.format, author: checked.entry.author, ...given };
  const blamed = given.checks.some((finding) => !finding.ok && finding.note === undefined);
  return {
    valid: false,
    ...(format === undefined ? {} : { format }),
    ...given,
    checks: blamed ? given.checks : [...given.checks, failed('form', checked)],
  };
}

interface Findings {
  readonly id?: string;
  readonly author?: string;
  readonly uncovered: readonly string[];
  readonly checks: readonly Finding[];
}

function nativeFindings(wire: Uint8Array, checks: Checks): Findings {
  const opened = openBlock(wire);
  if (opened.status === 'rejected') return { uncovered: [], checks: [failed('form', opened)] };
  const { header, headerBytes, signature, body } = opened.block;
  const trailing = wire.length - opened.end;
  const signed = checks.verify(signature, signedBytes(headerBytes, checks.network), publicKeyOfDid(header.created_by)!);
  const sky = checks.sky.check(header.cosmic_signature, {
    timeMs: header.timestamp,
    ...(header.observer_location === undefined ? {} : { place: header.observer_location }),
  });
  return {
    id: cidOf(DAG_CBOR, checks.sha256(headerBytes)).text,
    author: header.created_by,
    uncovered: [],
    checks: [
      trailing === 0
        ? passed('form')
        : { name: 'form', ok: false, code: 'block.malformed', detail: `${trailing} bytes after the block` },
      ...bodyFindings(header, body, body === null || equalBytes(checks.sha256(body), header.body.digest!), checks),
      signed
        ? passed('signature')
        : {
            name: 'signature',
            ok: false,
            code: 'block.bad_signature',
            detail: `author ${header.created_by}, network ${checks.network || '(public)'}`,
          },
      sky.ok ? passed('sky') : { name: 'sky', ok: false, code: sky.code, detail: sky.detail },
    ],
  };
}

function bodyFindings(header: Header, body: Uint8Array | null, fits: boolean, checks: Checks): Finding[] {
  if (body === null)
    return [{ name: 'body', ok: false, detail: 'the body is not there: header and signature alone', note: true }];
  if (!fits)
    return [
      { name: 'body', ok: false, code: 'block.body_mismatch', detail: 'the body is not the one that the header names' },
    ];
  const decoded = decodeBody(body);
  if (decoded.status === 'rejected') return [failed('body', decoded)];
  const kind = checks.registry.kind(header.kind);
  if (kind === undefined)
    return [passed('body'), { name: 'kind', ok: false, code: 'kind.unknown', detail: header.kind, note: true }];
  const parsed = readBody(kind, kindHeader(header), decoded.body, body.length);
  return [
    passed('body'),
    parsed.ok ? passed('kind') : { name: 'kind', ok: false, code: parsed.code, detail: parsed.detail, note: true },
  ];
}

function pythonFindings(wire: Uint8Array, checks: Checks): Findings {
  const opened = openPythonBlock(wire, checks.verify);
  if (opened.status === 'rejected') {
    const name = opened.code === 'block.bad_signature' || opened.code === 'block.unsigned' ? 'signature' : 'form';
    return { uncovered: [], checks: [...(name === 'form' ? [] : [passed('form')]), failed(name, opened)] };
  }
  const rows = rowsOf(opened.block.covered);
  return {
    uncovered: opened.block.signature.uncovered,
    checks: [
      passed('form'),
      passed('signature'),
      'vectors' in rows ? passed('rows') : { name: 'rows', ok: false, detail: rows.reason, note: true },
    ],
  };
}

function passed(name: Finding['name']): Finding {
  return { name, ok: true };
}

function failed(name: Finding['name'], { code, detail }: Rejected): Finding {
  return { name, ok: false, code, detail };
}
