import { testSlowSenders } from './slow-senders.ts';

testSlowSenders(100);
