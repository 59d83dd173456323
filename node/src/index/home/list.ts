import { existsSync, readFileSync } from 'node:fs';

/** Which spaces the rows in `home` are of. */
export const homeList = 'home.json';

/** Ids of spaces; undefined where the file is damaged. */
export function spacesListed(path: string): readonly string[] | undefined {
  if (!existsSync(path)) return [];
  try {
    const { spaces } = JSON.parse(readFileSync(path, 'utf8')) as { readonly spaces?: unknown };
    return Array.isArray(spaces) && spaces.every((one) => typeof one === 'string') ? spaces : undefined;
  } catch {
    return undefined;
  }
}
