import PostalMime from 'postal-mime';
import { counted, oneLine, ReadError, type Part, type ReadDocument } from './document.js';
import { readMarkup } from './html.js';

/** One message (RFC 5322): subject, sender and day as headings, its plain text, else its HTML. Attachments are counted. */
export async function readMessage(bytes: Uint8Array): Promise<ReadDocument> {
  const { parts, attachments, title } = await messageOf(bytes);
  return {
    format: 'e-mail',
    ...(title === '' ? {} : { title }),
    parts,
    left: counted(attachments, 'attachment', 'attachments'),
  };
}

/** A mailbox (RFC 4155): its messages in order. */
export async function readMailbox(bytes: Uint8Array): Promise<ReadDocument> {
  const parts: Part[] = [];
  let attachments = 0;
  for (const [i, message] of messagesOf(bytes).entries()) {
    const read = await messageOf(message);
    attachments += read.attachments;
    for (const part of read.parts) parts.push({ ...part, at: `message=${i + 1}` });
  }
  return { format: 'e-mail', parts, left: counted(attachments, 'attachment', 'attachments') };
}

async function messageOf(
  bytes: Uint8Array,
): Promise<{ readonly parts: Part[]; readonly attachments: number; readonly title: string }> {
  const mail = await PostalMime.parse(bytes).catch((cause: unknown) => {
    throw new ReadError('read.malformed', `no e-mail that can be read: ${(cause as Error).message}`, { cause });
  });
  if (mail.from === undefined && mail.subject === undefined && mail.date === undefined)
    throw new ReadError('read.malformed', 'no e-mail: it has neither sender nor subject nor date');
  const title = oneLine(mail.subject ?? '');
  const sender = mail.from?.name || mail.from?.address || '';
  const day =
    mail.date === undefined || Number.isNaN(Date.parse(mail.date))
      ? ''
      : new Date(mail.date).toISOString().slice(0, 10);
  const headings = [title, [sender, day].filter((one) => one !== '').join(', ')].filter((one) => one !== '');
  const plain = (mail.text ?? '').replace(/\r\n?/g, '\n').trim();
  const found: readonly Part[] =
    plain !== '' ? [{ text: plain }] : mail.html === undefined ? [] : readMarkup(mail.html, { mainOnly: false }).parts;
  return {
    parts: found.map(({ text, headings: below = [] }) => ({ text, headings: [...headings, ...below] })),
    attachments: mail.attachments.length,
    title,
  };
}

/** A line `From …` at the beginning or after an empty one begins a message. */
function messagesOf(bytes: Uint8Array): Uint8Array[] {
  const text = Buffer.from(bytes).toString('latin1');
  const starts = [...text.matchAll(/(?:^|\r?\n\r?\n)From [^\n]*\n/g)].map(
    (match) => [match.index, match.index + match[0].length] as const,
  );
  if (starts.length === 0) throw new ReadError('read.malformed', 'no mailbox: no line begins with "From "');
  return starts.map(([, from], i) =>
    Buffer.from(text.slice(from, starts[i + 1]?.[0] ?? text.length).replace(/^>(>*From )/gm, '$1'), 'latin1'),
  );
}
