export { coneFault } from './cone-file.js';
export { createViews, type Views, type ViewsOptions } from './views.js';
