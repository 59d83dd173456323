/** SVG text from names, attributes and children; numbers are rounded to a tenth of a unit. */
export type Attributes = Readonly<Record<string, string | number | undefined>>;

/** Attributes that may hold `var(--…)`, which only a style declaration understands everywhere. */
const paintNames = new Set([
  'fill',
  'stroke',
  'stop-color',
  'opacity',
  'stop-opacity',
  'fill-opacity',
  'stroke-opacity',
]);

export function element(name: string, attributes: Attributes, ...children: readonly string[]): string {
  let text = `<${name}`;
  let style = '';
  for (const [key, value] of Object.entries(attributes)) {
    if (value === undefined) continue;
    if (typeof value === 'string' && paintNames.has(key) && value.startsWith('var(')) style += `${key}:${value};`;
    else text += ` ${key}="${typeof value === 'number' ? short(value) : escaped(value)}"`;
  }
  if (style !== '') text += ` style="${style}"`;
  return children.length === 0 ? `${text}/>` : `${text}>${children.join('')}</${name}>`;
}

/** A text node. */
export function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (sign) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[sign]!);
}

/** At most two decimals below 10, else one. */
export function short(value: number): string {
  const factor = Math.abs(value) < 10 ? 100 : 10;
  return String(Math.round(value * factor) / factor + 0);
}

/** `d` of an open line through points; undefined points break it. */
export function pathThrough(points: readonly ({ readonly x: number; readonly y: number } | undefined)[]): string {
  let d = '';
  let pen = false;
  for (const point of points) {
    if (point !== undefined) d += `${pen ? 'L' : 'M'}${short(point.x)} ${short(point.y)}`;
    pen = point !== undefined;
  }
  return d;
}
