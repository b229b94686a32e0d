import { caseGateSuite } from './case-gate-suite.ts';

caseGateSuite('TypeScript');
