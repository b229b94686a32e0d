import { testWholeGateway } from './hostile-input.ts';

testWholeGateway('day');
