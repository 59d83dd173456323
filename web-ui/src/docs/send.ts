import { textOf, type Operation } from './reference.js';

const SHOWN_CHARS = 20_000;

/** Sends what the form says and answers the status line, the headers that matter, and the body as far as it is text. */
export async function send(
  { method, path, parameters }: Pick<Operation, 'method' | 'path' | 'parameters'>,
  values: ReadonlyMap<string, string>,
  body: { readonly type: string; readonly data: string | Blob } | undefined,
  token: string,
): Promise<string> {
  const query = new URLSearchParams();
  let address = path;
  for (const { name, place } of parameters) {
    const value = values.get(`${place} ${name}`) ?? '';
    if (place === 'path') address = address.replace(`{${name}}`, encodeURIComponent(value));
    else if (value !== '') query.append(name, value);
  }
  const url = `.${address}${query.size === 0 ? '' : `?${query.toString()}`}`;
  const headers: Record<string, string> = { accept: 'application/json, */*;q=0.5' };
  if (token !== '') headers['authorization'] = `Bearer ${token}`;
  if (body !== undefined) headers['content-type'] = body.type;
  const response = await fetch(url, { method, headers, ...(body === undefined ? {} : { body: body.data }) });
  const shown = ['content-type', 'etag', 'cache-control', 'retry-after', 'x-request-id'].flatMap((name) => {
    const value = response.headers.get(name);
    return value === null ? [] : [`${name}: ${value}`];
  });
  return [
    `${method} ${url}`,
    `${response.status} ${response.statusText}`,
    ...shown,
    '',
    await contentOf(response),
  ].join('\n');
}

async function contentOf(response: Response): Promise<string> {
  const type = response.headers.get('content-type') ?? '';
  if (!/json|text/.test(type)) return `${(await response.arrayBuffer()).byteLength} bytes`;
  const text = await response.text();
  let pretty = text;
  try {
    pretty = textOf(JSON.parse(text));
  } catch {
    // Not one JSON value: shown as it came.
  }
  return pretty.length > SHOWN_CHARS ? `${pretty.slice(0, SHOWN_CHARS)}\n… ${pretty.length} characters in all` : pretty;
}
