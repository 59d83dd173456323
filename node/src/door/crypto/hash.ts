import { hash } from 'node:crypto';
import type { Sha256 } from '@cosmicembeddings/sdk';

/** SHA-256 by OpenSSL, in one call: no stream object is made. */
export const sha256: Sha256 = (bytes) => hash('sha256', bytes, 'buffer');
