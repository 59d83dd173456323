import type { Plugin } from '../../kinds/index.js';
import { standingView } from './view.js';

export { standingView } from './view.js';

export const standingPlugin: Plugin = {
  name: 'standing',
  kinds: [],
  views: [standingView],
  panels: [{ name: 'of', title: 'Does a block stand?', shows: { view: 'standing', question: 'of', as: 'details' } }],
};
