export { indexSuite, type IndexSubject, type SuiteRunner } from './index-suite.js';
export { signBlock, signHeader, type Draft } from './sign-block.js';
export { askView, fold, viewSuite, type Question, type ViewScenario, type ViewSubject } from './view-suite.js';
export { transportSuite, type TransportSubject } from './transport-suite.js';
