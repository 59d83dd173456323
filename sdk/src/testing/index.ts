export { indexSuite, type IndexSubject, type SuiteRunner } from './index-suite.js';
