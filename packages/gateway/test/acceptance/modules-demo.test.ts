import { testDemo } from './module-demo.ts';

testDemo(['AgentTools', 'Hello', 'Structured']);
