import { testModuleRequests } from './module-requests.ts';

testModuleRequests('responses');
