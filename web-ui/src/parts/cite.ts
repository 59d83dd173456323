/** What a citation names: the block, which of its passages, whose key, and a time that its author claims. */
export interface Cited {
  readonly id: string;
  readonly row: number;
  readonly author: string;
  readonly timeMs: number;
  readonly title: string;
  /** Of the page. */
  readonly url: string;
}

/** As a text, for BibTeX, and as CSL-JSON 1.0. A claimed time is called that. */
export function citationsOf({ id, row, author, timeMs, title, url }: Cited): {
  readonly text: string;
  readonly bibtex: string;
  readonly csl: string;
} {
  const day = new Date(timeMs).toISOString().slice(0, 10);
  const [year, month, date] = day.split('-').map(Number);
  const name = title === '' ? `Block ${id}` : title;
  const note = `CosmicEmbeddings block ${id}, passage ${row + 1}; time as claimed by its author`;
  const plain = (text: string): string =>
    text
      .replace(/[{}\\%&#$_^~]/g, ' ')
      .replace(/\s+/g, ' ')
      .trim();
  return {
    text: `${author} (${day}, claimed). ${name}. CosmicEmbeddings block ${id}, passage ${row + 1}. ${url}`,
    bibtex: `@misc{${id.slice(-12)}_${row + 1},\n  author = {{${author}}},\n  title = {${plain(name)}},\n  year = {${year}},\n  note = {${note}},\n  howpublished = {\\url{${url}}}\n}`,
    csl: JSON.stringify(
      {
        id: `${id}.${row}`,
        type: 'document',
        title: name,
        author: [{ literal: author }],
        issued: { 'date-parts': [[year, month, date]] },
        note,
        URL: url,
      },
      null,
      1,
    ),
  };
}
