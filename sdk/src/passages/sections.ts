/** A run of paragraphs below one heading. */
export interface Section {
  /** Headings from the outermost to the innermost; empty before the first one. */
  readonly headings: readonly string[];
  readonly paragraphs: readonly string[];
}

const ATX = /^ {0,3}(#{1,6})(?:[ \t]+(.*?))?(?:[ \t]+#+)?[ \t]*$/;
const SETEXT = /^ {0,3}(=+|-+)[ \t]*$/;
const FENCE = /^ {0,3}(`{3,}|~{3,})/;
const COMMENT = /<!--[\s\S]*?-->/g;

/**
 * Sections of a Markdown text (headings as in CommonMark 0.31, sections 4.2 and 4.3). A fenced block of code stays one
 * paragraph whatever it holds; front matter between `---` lines and comments are no content.
 */
export function markdownSections(text: string): Section[] {
  const lines = withoutFrontMatter(text).replace(COMMENT, '').split('\n');
  const sections: Section[] = [];
  const path: { level: number; title: string }[] = [];
  let paragraphs: string[] = [];
  let current: string[] = [];
  let fence: string | undefined;

  const endParagraph = (): void => {
    const paragraph = current.join('\n').trim();
    if (paragraph !== '') paragraphs.push(paragraph);
    current = [];
  };
  const startSection = (level: number, title: string): void => {
    endParagraph();
    sections.push({ headings: path.map((heading) => heading.title), paragraphs });
    paragraphs = [];
    while (path.length > 0 && path.at(-1)!.level >= level) path.pop();
    path.push({ level, title: plainTitle(title) });
  };

  for (const line of lines) {
    const marker = FENCE.exec(line)?.[1];
    if (fence !== undefined) {
      current.push(line);
      if (marker !== undefined && marker[0] === fence[0] && marker.length >= fence.length && line.trim() === marker)
        fence = undefined;
      continue;
    }
    const atx = ATX.exec(line);
    const setext = current.length > 0 && current.length <= 3 ? SETEXT.exec(line)?.[1] : undefined;
    if (marker !== undefined) {
      fence = marker;
      current.push(line);
    } else if (atx !== null) {
      startSection(atx[1]!.length, atx[2] ?? '');
    } else if (setext !== undefined && !/^\s*([-*+|>]|\d+[.)])/.test(current[0]!)) {
      const title = current.join(' ').trim();
      current = [];
      startSection(setext.startsWith('=') ? 1 : 2, title);
    } else if (line.trim() === '') endParagraph();
    else current.push(line);
  }
  endParagraph();
  sections.push({ headings: path.map((heading) => heading.title), paragraphs });
  return sections.filter((section) => section.paragraphs.length > 0 || section.headings.length > 0);
}

/** Plain text has paragraphs only, with empty lines between them. */
export function textSections(text: string): Section[] {
  const paragraphs = text
    .split(/\n[ \t]*\n/)
    .map((paragraph) => paragraph.trim())
    .filter((paragraph) => paragraph !== '');
  return paragraphs.length === 0 ? [] : [{ headings: [], paragraphs }];
}

function withoutFrontMatter(text: string): string {
  const match = /^---[ \t]*\n(?:.*\n)*?---[ \t]*\n/.exec(text);
  return match === null ? text : text.slice(match[0].length);
}

/** A heading as people read it: marks of emphasis, code and links removed. */
function plainTitle(title: string): string {
  return title
    .replace(/!?\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replace(/[*_`]+/g, '')
    .replace(/\s+/g, ' ')
    .trim();
}
