/** What a link says about its block and the one it names: "this block … that one". Others may be used; these have a meaning everywhere. */
export const relations = {
  derives: 'was made from it',
  cites: 'refers to it as a source',
  supersedes: 'is its newer version (acts only from the header, by the same identity)',
  translates: 'says the same in another language or space',
  attests: 'has computed its vectors anew (acts only from the header of an attest/1 block)',
  about: 'has it as its subject',
  retracts: 'withdraws it (acts only from the header of a retract/1 block, by the same identity)',
  rotates_to: 'hands this identity over to the key with that name (header of rotate/1)',
  rotates_from: 'takes over the identity of the key with that name (header of rotate/1)',
} as const;

export type Relation = keyof typeof relations;
