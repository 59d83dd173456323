import { CosmicError } from '@cosmicembeddings/sdk';

/** A refusal in Chroma's own words: its clients make an exception of the name. */
export class Refusal extends Error {
  constructor(
    readonly status: number,
    readonly error: string,
    message: string,
  ) {
    super(message);
  }
}

export const invalid = (message: string): Refusal => new Refusal(400, 'InvalidArgumentError', message);
export const notFound = (message: string): Refusal => new Refusal(404, 'NotFoundError', message);
export const exists = (message: string): Refusal => new Refusal(409, 'UniqueConstraintError', message);
export const wrongDimension = (message: string): Refusal => new Refusal(400, 'InvalidDimension', message);
export const notHere = (what: string): Refusal =>
  new Refusal(501, 'NotImplemented', `${what}: a gateway to one's own memory has none`);

/** What went wrong below, with its code and what to do. */
export function refusalOf(error: unknown): Refusal {
  if (error instanceof Refusal) return error;
  if (!(error instanceof CosmicError)) return new Refusal(500, 'InternalError', String(error));
  // Chroma's JavaScript client drops the text of 401, 403, 404, 409 and 429.
  return new Refusal(error.code === 'node.unreachable' ? 503 : 400, 'InvalidArgumentError', error.message);
}
