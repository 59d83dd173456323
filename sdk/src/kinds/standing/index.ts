import type { Plugin, View } from '../kind.js';
import { standingView } from './view.js';

export { fallen, standingOf, standingView, type Reason, type Standing, type StandingState } from './view.js';

export const standingPlugin: Plugin = { name: 'standing', kinds: [], views: [standingView as View] };
