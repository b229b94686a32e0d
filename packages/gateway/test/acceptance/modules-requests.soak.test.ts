import { testModuleRequests } from './module-requests.ts';

testModuleRequests('chat_completions');
