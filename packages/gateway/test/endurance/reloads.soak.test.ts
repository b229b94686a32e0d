import { testReloads } from './reloads.ts';

const saves = Number(process.env.ENDURANCE_RELOADS ?? 1000);

testReloads('TypeScript', saves);
// Each starts a process that nothing was read for before.
testReloads('Python', Math.ceil(saves / 5));
