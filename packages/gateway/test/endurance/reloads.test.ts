import { testReloads } from './reloads.ts';

testReloads('TypeScript', 5);
testReloads('Python', 5);
