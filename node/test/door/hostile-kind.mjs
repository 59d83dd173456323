/** A plug-in whose kind throws, or never comes to an end, where an author wants it to. */
const kind = (name) => ({
  name,
  maxBytes: 4096,
  schema: { type: 'object' },
  parse: (_header, body) => {
    if (body.says === 'throw') throw new Error('it was told to');
    while (body.says === 'hang');
    return { ok: true, body };
  },
  passages: ({ says }) => {
    if (says === 'throw later') throw new Error('it was told to');
    return [{ text: says }];
  },
});

export default { name: 'hostile', kinds: [kind('hostile.example/1'), kind('calm.example/1')], views: [] };
