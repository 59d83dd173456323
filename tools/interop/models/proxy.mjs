import { createServer, request } from 'node:http';

/**
 * Stands between a client and an embeddings server and spoils answers: `faults` is a queue, one entry a request, then
 * everything passes. Kinds: pass, slow (answer held back `ms`), busy (429 with Retry-After), broken (500), dims (one
 * number less in every vector), nan (NaN as some servers write it), null, half (the body ends in the middle),
 * cut (half a body in a whole answer), die (the connection closes without an answer), swapped (rows in reverse order,
 * indices right).
 */
export async function startProxy(targetPort) {
  const faults = [];
  const seen = [];
  const server = createServer(async (incoming, outgoing) => {
    const fault = faults.shift() ?? { kind: 'pass' };
    const sent = await bodyOf(incoming);
    seen.push({ kind: fault.kind, input: JSON.parse(sent || '{}').input, atMs: performance.now() });
    if (fault.kind === 'die') return incoming.socket.destroy();
    if (fault.kind === 'busy')
      return outgoing
        .writeHead(429, { 'retry-after': String(fault.seconds ?? 1) })
        .end('{"error":{"message":"slow down"}}');
    if (fault.kind === 'broken') return outgoing.writeHead(500).end('{"error":{"message":"inference failed"}}');
    try {
      const { status, body } = await forward(targetPort, incoming, sent);
      const spoilt = status === 200 ? (spoil[fault.kind]?.(body) ?? body) : body;
      outgoing.writeHead(status, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(spoilt) });
      if (fault.kind === 'slow') await new Promise((done) => setTimeout(done, fault.ms));
      if (fault.kind !== 'half') return outgoing.end(spoilt);
      outgoing.write(spoilt.slice(0, spoilt.length >> 1), () => incoming.socket.destroy());
    } catch {
      incoming.socket.destroy();
    }
  });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  return {
    url: `http://127.0.0.1:${server.address().port}/v1`,
    faults,
    seen,
    close: () => (server.closeAllConnections(), new Promise((done) => server.close(done))),
  };
}

const change = (body, edit) => {
  const answer = JSON.parse(body);
  edit(answer.data);
  return JSON.stringify(answer);
};
const spoil = {
  dims: (body) => change(body, (data) => data.forEach((item) => item.embedding.pop())),
  null: (body) => change(body, (data) => (data[0].embedding[7] = null)),
  nan: (body) => change(body, (data) => (data[0].embedding[7] = 'NaN')).replace('"NaN"', 'NaN'),
  cut: (body) => body.slice(0, body.length >> 1),
  swapped: (body) => change(body, (data) => data.reverse()),
};

async function bodyOf(stream) {
  let text = '';
  stream.setEncoding('utf8');
  for await (const part of stream) text += part;
  return text;
}

function forward(port, { method, url }, body) {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
    const outgoing = request(
      { host: '127.0.0.1', port, method, path: url, headers, agent: false },
      async (incoming) => {
        try {
          resolve({ status: incoming.statusCode, body: await bodyOf(incoming) });
        } catch (error) {
          reject(error);
        }
      },
    );
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}
