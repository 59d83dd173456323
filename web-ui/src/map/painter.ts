import type { Size, View } from './view.js';

/** Draws points. Columns are handed over once; a frame costs a few uniforms and one call, whatever their number. */
export interface Painter {
  /** Places, 0 to 65,535 each. */
  points(xs: Uint16Array, ys: Uint16Array): void;
  /** A code for each point, and 256 × RGBA for what they mean. */
  colours(codes: Uint8Array, palette: Uint8Array): void;
  /** For each point 0: as it is, 1: faint, 2: picked. */
  states(states: Uint8Array): void;
  draw(view: View, size: Size, look: Look): void;
  close(): void;
}

export interface Look {
  /** Device pixels a CSS pixel. */
  readonly ratio: number;
  /** Of a point, in CSS pixels. */
  readonly radius: number;
  /** What surrounds those that are picked, 0 to 255. */
  readonly ring: readonly [number, number, number];
}

/** Points grow with the depth, and shrink with their number. */
export function radiusOf(points: number, depth: number): number {
  const first = points > 50_000 ? 1.2 : points > 10_000 ? 1.7 : points > 2_000 ? 2.4 : 3.4;
  return Math.min(9, first * Math.max(1, depth) ** 0.45);
}

const vertexShader = `#version 300 es
in vec2 place;
in uint code;
in uint state;
uniform vec2 middle;
uniform vec2 reach;
uniform float radius;
uniform float layer;
uniform sampler2D palette;
out vec4 tint;
out float ring;
void main() {
  bool picked = state == 2u;
  // Faint ones first, then the others, then those picked: by three passes over the same buffers.
  bool mine = layer == 0.0 ? state == 1u : layer == 1.0 ? state == 0u : picked;
  vec2 at = (place - middle) * reach;
  gl_Position = mine ? vec4(at, 0.0, 1.0) : vec4(2.0, 2.0, 2.0, 1.0);
  gl_PointSize = picked ? radius * 2.0 + 8.0 : radius * 2.0;
  tint = texelFetch(palette, ivec2(int(code), 0), 0);
  tint.a = state == 1u ? 0.16 : picked ? 1.0 : 0.82;
  ring = picked ? 1.0 : 0.0;
}`;
const fragmentShader = `#version 300 es
precision mediump float;
in vec4 tint;
in float ring;
uniform vec3 ringColour;
out vec4 colour;
void main() {
  float far = length(gl_PointCoord - 0.5) * 2.0;
  if (far > 1.0) discard;
  float inner = 1.0 - smoothstep(0.8, 1.0, far);
  vec3 rgb = ring > 0.5 && far > 0.6 ? ringColour : tint.rgb;
  float alpha = tint.a * (ring > 0.5 ? 1.0 : inner);
  colour = vec4(rgb * alpha, alpha);
}`;

/** Undefined where there is no WebGL 2. */
export function openWebgl(canvas: HTMLCanvasElement): Painter | undefined {
  const gl = canvas.getContext('webgl2', { antialias: false, alpha: true, premultipliedAlpha: true });
  if (gl === null) return undefined;
  const program = programOf(gl);
  if (program === undefined) return undefined;
  const uniforms = Object.fromEntries(
    ['middle', 'reach', 'radius', 'layer', 'palette', 'ringColour'].map((name) => [
      name,
      gl.getUniformLocation(program, name),
    ]),
  ) as Readonly<Record<string, WebGLUniformLocation | null>>;
  const attribute = (name: string): number => gl.getAttribLocation(program, name);
  const [places, codes, states, texture] = [
    gl.createBuffer(),
    gl.createBuffer(),
    gl.createBuffer(),
    gl.createTexture(),
  ];
  const fill = (buffer: WebGLBuffer | null, data: Uint16Array | Uint8Array): void => {
    gl.bindBuffer(gl.ARRAY_BUFFER, buffer);
    gl.bufferData(gl.ARRAY_BUFFER, data, gl.STATIC_DRAW);
  };
  let n = 0;
  let hasStates = { faint: false, picked: false };
  gl.useProgram(program);
  gl.enable(gl.BLEND);
  gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
  gl.bindVertexArray(gl.createVertexArray());
  gl.bindBuffer(gl.ARRAY_BUFFER, places);
  gl.enableVertexAttribArray(attribute('place'));
  gl.vertexAttribPointer(attribute('place'), 2, gl.UNSIGNED_SHORT, true, 0, 0);
  for (const [name, buffer] of [
    ['code', codes],
    ['state', states],
  ] as const) {
    gl.bindBuffer(gl.ARRAY_BUFFER, buffer);
    gl.enableVertexAttribArray(attribute(name));
    gl.vertexAttribIPointer(attribute(name), 1, gl.UNSIGNED_BYTE, 0, 0);
  }
  return {
    points: (xs, ys) => {
      n = xs.length;
      const both = new Uint16Array(2 * n);
      for (let i = 0; i < n; i++) {
        both[2 * i] = xs[i]!;
        both[2 * i + 1] = ys[i]!;
      }
      fill(places, both);
    },
    colours: (given, palette) => {
      fill(codes, given);
      gl.bindTexture(gl.TEXTURE_2D, texture);
      gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA, 256, 1, 0, gl.RGBA, gl.UNSIGNED_BYTE, palette);
      gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.NEAREST);
      gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MAG_FILTER, gl.NEAREST);
    },
    states: (given) => {
      hasStates = { faint: given.includes(1), picked: given.includes(2) };
      fill(states, given);
    },
    draw: (view, { width, height }, { ratio, radius, ring }) => {
      gl.viewport(0, 0, canvas.width, canvas.height);
      gl.clearColor(0, 0, 0, 0);
      gl.clear(gl.COLOR_BUFFER_BIT);
      gl.uniform2f(uniforms['middle']!, view.x, view.y);
      gl.uniform2f(uniforms['reach']!, (2 * view.scale) / width, (2 * view.scale) / height);
      gl.uniform1f(uniforms['radius']!, radius * ratio);
      gl.uniform3f(uniforms['ringColour']!, ring[0] / 255, ring[1] / 255, ring[2] / 255);
      const layers = [...(hasStates.faint ? [0] : []), 1, ...(hasStates.picked ? [2] : [])];
      for (const layer of layers) {
        gl.uniform1f(uniforms['layer']!, layer);
        gl.drawArrays(gl.POINTS, 0, n);
      }
    },
    close: () => gl.getExtension('WEBGL_lose_context')?.loseContext(),
  };
}

function programOf(gl: WebGL2RenderingContext): WebGLProgram | undefined {
  const program = gl.createProgram();
  for (const [type, source] of [
    [gl.VERTEX_SHADER, vertexShader],
    [gl.FRAGMENT_SHADER, fragmentShader],
  ] as const) {
    const shader = gl.createShader(type);
    if (shader === null) return undefined;
    gl.shaderSource(shader, source);
    gl.compileShader(shader);
    gl.attachShader(program, shader);
  }
  gl.linkProgram(program);
  return gl.getProgramParameter(program, gl.LINK_STATUS) === true ? program : undefined;
}

/** So many points at most are drawn without WebGL 2, an even part of them. */
const PLAIN_MAX = 20_000;

/** The same with squares on a plain canvas, of an even part of the points; undefined where there is no canvas at all. */
export function openPlain(canvas: HTMLCanvasElement): Painter | undefined {
  const context = canvas.getContext('2d');
  if (context === null) return undefined;
  let [xs, ys]: [Uint16Array, Uint16Array] = [new Uint16Array(0), new Uint16Array(0)];
  let codes = new Uint8Array(0) as Uint8Array;
  let given = new Uint8Array(0) as Uint8Array;
  let fills: string[] = [];
  return {
    points: (x, y) => void ([xs, ys] = [x, y]),
    colours: (of, palette) => {
      codes = of;
      fills = Array.from(
        { length: 256 },
        (_, i) => `rgb(${palette[4 * i]} ${palette[4 * i + 1]} ${palette[4 * i + 2]})`,
      );
    },
    states: (of) => void (given = of),
    draw: (view, { width, height }, { ratio, radius, ring }) => {
      context.setTransform(ratio, 0, 0, ratio, 0, 0);
      context.clearRect(0, 0, width, height);
      const step = Math.max(1, Math.ceil(xs.length / PLAIN_MAX));
      for (const layer of [1, 0, 2]) {
        context.globalAlpha = layer === 1 ? 0.16 : 0.82;
        for (let i = 0; i < xs.length; i += layer === 2 ? 1 : step) {
          if ((given[i] ?? 0) !== layer) continue;
          const left = width / 2 + (xs[i]! / 65_535 - view.x) * view.scale;
          const top = height / 2 - (ys[i]! / 65_535 - view.y) * view.scale;
          if (left < -9 || top < -9 || left > width + 9 || top > height + 9) continue;
          const half = layer === 2 ? radius + 4 : radius;
          if (layer === 2) {
            context.fillStyle = `rgb(${ring.join(' ')})`;
            context.fillRect(left - half, top - half, 2 * half, 2 * half);
          }
          context.fillStyle = fills[codes[i]!] ?? 'gray';
          context.fillRect(left - radius, top - radius, 2 * radius, 2 * radius);
        }
      }
    },
    close: () => undefined,
  };
}
