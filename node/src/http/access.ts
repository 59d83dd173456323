import { createHash, timingSafeEqual } from 'node:crypto';
import { isIPv6 } from 'node:net';
import type { IncomingHttpHeaders } from 'node:http';
import type { Source } from '@cosmicembeddings/sdk';
import { createBuckets, type Allowance } from '../door/buckets.js';

export const scopes = ['read', 'publish', 'relay', 'metrics', 'admin'] as const;
/** read: ask and fetch · publish: bring blocks · relay: connect as a peer · metrics · admin: erase and configure. */
export type Scope = (typeof scopes)[number];

/** A key that an operator gave somebody. The secret itself is nowhere: only its hash. */
export interface ApiKey {
  readonly name: string;
  /** Hexadecimal SHA-256 of the secret. */
  readonly sha256: string;
  readonly scopes: readonly Scope[];
  /** What may be published with it, instead of the budget of its source. */
  readonly allowance?: Allowance;
  readonly requestsPerMinute?: number;
}

export interface AccessRules {
  /** What visitors from beyond this machine need a key for. `admin` always needs one. */
  readonly demand: readonly Scope[];
  /** Is who asks from this machine, and not through a proxy, the operator? */
  readonly trustLoopback: boolean;
  /** Of one address beyond this machine, or of a key that has no number of its own. */
  readonly requestsPerMinute: number;
}

export interface Visitor {
  /** The address, of IPv6 its /64. */
  readonly from: string;
  readonly trusted: boolean;
  readonly isOperator: boolean;
  readonly key?: ApiKey;
}

export interface AccessOptions {
  readonly rules: AccessRules;
  /** The operator's token. */
  readonly token: string;
  keys(): readonly ApiKey[];
  /** A secret that opens nothing came from this address beyond this machine. */
  onWrongSecret?(from: string): void;
  /** Until when requests of this address without a key wait, where they do. */
  held?(from: string, nowMs: number): number | undefined;
}

export interface Access {
  visitorOf(headers: IncomingHttpHeaders, address: string | undefined): Visitor;
  may(visitor: Visitor, scope: Scope): boolean;
  /** When to come back, ms since the epoch, after too many requests. */
  spend(visitor: Visitor, nowMs: number): number | undefined;
  allowanceOf(key: string): Allowance | undefined;
}

declare module 'fastify' {
  interface FastifyRequest {
    visitor: Visitor;
  }
}

const MINUTE_MS = 60_000;
/** What proxies add: who comes through one is not on this machine. */
const FORWARDED = ['forwarded', 'x-forwarded-for', 'x-real-ip', 'via'] as const;

export function createAccess({ rules, token, keys, onWrongSecret, held }: AccessOptions): Access {
  const operator = hashOf(token);
  const spent = createBuckets();
  return {
    visitorOf: (headers, address = 'unknown') => {
      const secret = /^Bearer ([\x21-\x7e]{1,512})$/i.exec(headers.authorization ?? '')?.[1];
      const hash = secret === undefined ? undefined : hashOf(secret);
      const isOperator = hash !== undefined && timingSafeEqual(hash, operator);
      const key =
        hash === undefined || isOperator ? undefined : keys().find((one) => one.sha256 === hash.toString('hex'));
      const isHere =
        rules.trustLoopback && isLoopback(address) && FORWARDED.every((name) => headers[name] === undefined);
      if (hash !== undefined && !isOperator && key === undefined && !isHere) onWrongSecret?.(netOf(address));
      return { from: netOf(address), trusted: isOperator || isHere, isOperator, ...(key === undefined ? {} : { key }) };
    },
    may: ({ isOperator, trusted, key }, scope) => {
      if (isOperator || key?.scopes.includes(scope) === true || key?.scopes.includes('admin') === true) return true;
      return scope !== 'admin' && (trusted || !rules.demand.includes(scope));
    },
    spend: ({ from, trusted, key }, nowMs) => {
      const heldTo = trusted || key !== undefined ? undefined : held?.(from, nowMs);
      if (heldTo !== undefined) return heldTo;
      const perMinute = key?.requestsPerMinute ?? (trusted ? undefined : rules.requestsPerMinute);
      if (perMinute === undefined) return undefined;
      const name = key === undefined ? from : `key ${key.name}`;
      const allowance = { blocks: perMinute, perMs: MINUTE_MS };
      const lack = spent.lacks(name, allowance, { blocks: 1, bytes: 0 }, nowMs);
      if (lack !== undefined) return lack.retryAtMs ?? nowMs + MINUTE_MS;
      spent.take(name, allowance, { blocks: 1, bytes: 0 }, nowMs);
      return undefined;
    },
    allowanceOf: (name) => keys().find((key) => key.name === name)?.allowance,
  };
}

/** Whom a visitor's blocks are charged to. */
export function sourceOf({ from, trusted, key }: Visitor): Source {
  return { type: 'http', from, trusted, ...(key === undefined ? {} : { key: key.name }) };
}

/** What a route wants a visitor to be allowed; undefined where everybody may. */
export function scopeOf(method: string, route: string | undefined): Scope | undefined {
  if (route === '/metrics') return 'metrics';
  if (route === undefined || !/^\/(?:v2\/|mcp$|v1\/|blocks|nodes|status$|peers$)/.test(route)) return undefined;
  if (method === 'POST' && ['/v2/blocks', '/blocks', '/nodes'].includes(route)) return 'publish';
  return 'read';
}

export function isLoopback(address: string): boolean {
  return /^(?:\[?::ffff:)?127\./i.test(address) || /^\[?::1\]?(?::\d+)?$/.test(address);
}

/** Whoever has one IPv6 address has 2^64 of them. */
export function netOf(address: string): string {
  if (!isIPv6(address) || address.toLowerCase().startsWith('::ffff:')) return address.replace(/^::ffff:/i, '');
  const [head = '', tail = ''] = address.split('%')[0]!.toLowerCase().split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === '' ? [] : tail.split(':');
  const middle = address.includes('::') ? Array.from({ length: 8 - left.length - right.length }, () => '0') : [];
  return `${[...left, ...middle, ...right].slice(0, 4).join(':')}::/64`;
}

function hashOf(secret: string): Buffer {
  return createHash('sha256').update(secret).digest();
}
