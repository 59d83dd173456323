import { rotateKind, type Kind, type Plugin } from '../../kinds/index.js';
import { identitiesView } from './view.js';

export { identitiesView } from './view.js';
export { handoversOf, isSameIdentity, keysOf, rotatedAwayMs, seenMsOf, type Handover } from './identity.js';

export const identitiesPlugin: Plugin = {
  name: 'identities',
  kinds: [rotateKind as Kind],
  views: [identitiesView],
  panels: [
    { name: 'of', title: 'The identity of a key', shows: { view: 'identities', question: 'of', as: 'details' } },
    {
      name: 'rotations',
      title: 'Handovers',
      shows: { view: 'identities', question: 'rotations', as: 'table', rows: 'handovers' },
    },
  ],
};
