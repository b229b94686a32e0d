import { testReloads } from './reloads.ts';

testReloads('TypeScript', 3);
