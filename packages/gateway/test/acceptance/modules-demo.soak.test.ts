import { testDemo } from './module-demo.ts';

testDemo(['BuilderExport', 'HandoffDesk', 'OwnCalls', 'OwnClient']);
