/**
 * Questions that people ask of this repository's own documentation, each with words that stand in the passage that answers it:
 * `[file, words of the passage, question]`. The passages are those that `cosmic publish` would make of docs/ and specs/ today.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { splitPassages } from '@cosmicembeddings/sdk/passages';

const questions = [
  ['docs/operating.md', 'one process at a time', 'which files does a node keep on disk and which can I delete safely'],
  ['docs/settings.md', 'one more that comes alone is answered', 'what happens when too many people upload at once'],
  ['docs/settings.md', 'less than 100 bytes a second', 'slow client connection gets cut off during a long upload'],
  [
    'docs/operating.md',
    'exact search for the index, OpenSSL',
    'native module will not install on my machine, does it still run',
  ],
  [
    'docs/operating.md',
    'nobody passes a proof on',
    'why does my peer show as claimed instead of proven behind a reverse proxy',
  ],
  [
    'docs/operating.md',
    '64 hex digits that all nodes of a private network hold',
    'how do I set up a closed network with a shared secret',
  ],
  ['docs/operating.md', 'Eight bad blocks ban an identity', 'how long is a misbehaving node blocked'],
  [
    'docs/operating.md',
    'was copied and runs twice',
    'I cloned the server including its data directory and both are running',
  ],
  ['docs/operating.md', 'On 127.0.0.1 everybody on the machine', 'who is allowed to write to my server by default'],
  ['docs/operating.md', 'shows its secret once', 'create an API token for a colleague with a daily limit'],
  ['docs/operating.md', 'never what is valid', 'refuse content from certain authors or with certain labels'],
  ['docs/operating.md', 'the oldest seen go first', 'delete old entries automatically when space runs short'],
  [
    'docs/operating.md',
    'checks ids, signatures, checksums',
    'check the database for corruption and make a copy of a running server',
  ],
  ['docs/operating.md', 'keyed fingerprints of everything', 'how does it prove that removed data is really gone'],
  ['docs/operating.md', 'finishes erasing before it serves', 'power failed in the middle of a deletion'],
  [
    'docs/operating.md',
    'which bodies an older backup holds',
    'do backups still contain what I had to delete for legal reasons',
  ],
  [
    'docs/operating.md',
    'whoever signs it again',
    'stop somebody from uploading the same removed content under a new account',
  ],
  ['docs/operating.md', 'serves the others; the damaged block itself', 'the sqlite file is damaged, what now'],
  ['docs/operating.md', 'A node does not start on a full disk', 'no space left on device'],
  ['docs/operating.md', 'second signal ends the process', 'shut the server down cleanly with ctrl-c'],
  [
    'docs/operating.md',
    'is taken when its time has come',
    'the system time is off and uploads are rejected as coming from the future',
  ],
  ['docs/operating.md', 'be kept and found, else 503', 'which endpoint should my load balancer use for health checks'],
  ['docs/operating.md', 'work an eighth of the time', 'I imported a million entries and search does not find them yet'],
  ['docs/cli.md', 'whole paragraphs, joined below 50 words', 'how is a document cut into chunks'],
  ['docs/cli.md', 'Front matter is YAML between', 'is the metadata block at the top of my Markdown notes uploaded'],
  ['docs/cli.md', 'then PDF, HTML, Word, EPUB', 'can it read pdf and Word documents'],
  ['docs/cli.md', 'forgetting `--tag`', 'do I have to repeat the labels every time I upload a folder again'],
  ['docs/cli.md', 'is named; `--retract-gone` withdraws', 'I removed a file from my folder, is it still searchable'],
  [
    'docs/cli.md',
    'cannot be embedded or sent stays',
    'the embedding server was down while I uploaded, is my text lost',
  ],
  ['docs/cli.md', 'vectors still reveal much', 'upload without showing the words themselves'],
  [
    'docs/agents.md',
    'the first publication asks the user',
    'does the assistant ask me before it shares something publicly',
  ],
  ['docs/agents.md', 'that are JSON pointers', 'what happens to nested document properties in the vector store class'],
  ['specs/kinds/sealed.md', 'Recipients are X25519 keys', 'encrypt an entry so that only some people can read it'],
  ['specs/kinds/sealed.md', 'Outside stay visible', 'what can strangers see of an encrypted entry'],
  ['specs/kinds/retract.md', 'Retraction is not erasure', 'does taking back a post remove it from all servers'],
  ['specs/kinds/supersede.md', 'both are newest', 'two people edited the same version, which one wins'],
  ['specs/kinds/rotate.md', '**freeze** K', 'a thief stole my private key and announced another successor'],
  ['specs/space.md', "two's-complement bytes", 'how are 8 bit quantised vectors laid out in memory'],
  ['specs/space.md', 'differ only in `precision`', 'can I mix quantised and full precision builds of the same model'],
  ['specs/space.md', 'A runtime reproduces the space if', 'how to test that my model server computes the same vectors'],
  ['specs/identity.md', '64 hexadecimal digits of the seed', 'format of the private key file with a password'],
  ['specs/identity.md', 'has no revocation', 'can I revoke a compromised key'],
  ['specs/peer.md', 'a web page must not speak', 'can a website in my browser connect to the server on my computer'],
  [
    'specs/peer.md',
    'Some 1.35 cells an item',
    'how many bytes does set reconciliation with invertible bloom tables need',
  ],
  ['specs/peer.md', 'a needed block +1', 'how is reputation of other servers computed'],
  ['specs/peer.md', 'Whatever a node drops because a queue', 'are messages lost when buffers overflow between servers'],
  ['specs/archive.md', 'Writers put each part before', 'structure of the exported content addressable archive'],
  ['specs/archive.md', 'format 1.0, `<f4`, C order', 'load the vectors into python arrays'],
  ['specs/codec.md', 'two encoders disagree on NaN', 'why are floating point numbers forbidden in the encoding'],
  ['specs/codec.md', 'must not let them reach a prototype', 'prototype pollution attack by map keys'],
  ['specs/sky.md', 'angular separation** on', 'how exact must the computed planet positions be'],
  ['specs/sky.md', 'constellation and right ascension', 'how is the short name with the constellation chosen'],
];

const root = new URL('../../', import.meta.url);
const squeezed = (text) => text.replaceAll(/\s+/g, ' ');

/** As `readCollection` answers. Throws where words of a passage are no longer there: the question wants another place then. */
export function ownDocs() {
  const files = ['docs/', 'specs/', 'specs/kinds/'].flatMap((folder) =>
    readdirSync(new URL(folder, root))
      .filter((name) => name.endsWith('.md'))
      .sort()
      .map((name) => folder + name),
  );
  const passages = files.flatMap((file) =>
    splitPassages(readFileSync(new URL(file, root), 'utf8'), { markdown: true }).map(({ text, heading }) => ({
      file,
      text: `${heading ?? ''} ${text}`.trim(),
    })),
  );
  const lost = [];
  const queries = questions.map(([file, words, text]) => {
    const relevant = new Set(
      passages.flatMap((one, i) => (one.file === file && squeezed(one.text).includes(words) ? [i] : [])),
    );
    if (relevant.size === 0) lost.push(`${file}: ${words}`);
    return { text, relevant };
  });
  if (lost.length > 0) throw new Error(`no passage holds these words any more:\n${lost.join('\n')}`);
  return { name: 'own-docs', documents: passages.map(({ text }) => text), queries };
}
