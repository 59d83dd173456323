export { coneFault } from './cone-file.js';
export { createViews, type ConeState, type Views, type ViewsOptions } from './views.js';
