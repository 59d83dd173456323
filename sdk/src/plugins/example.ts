/** Names in the examples of answers. */
export const example = {
  ann: 'did:key:z6MkmtWtY63GQVBrpMyRJWEzsnxfsGkemu6CtMDwGTv4RYj2',
  bob: 'did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK',
  block: 'bafyreiav3l5g7ckk3mi7v34zfyzcpcfkst2f7l52iljqopblzkanciksjq',
  other: 'bafyreiauqqfrn7aoctvtqdfrbvg4fyk6dc2jbgqekmcwcn3f2tqabup57e',
  space: 'bafyreicodp3me2l5hoieknw3izjudydvafpbvmpfq6tycwlpzmpqgrip5m',
  timeMs: 1795896224637,
} as const;
