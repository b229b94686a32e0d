// Fetches what the tests need of npm, unless it is there. They do so themselves, and tell of what cannot be had.
import { fetchOldPackages } from '../packages/gateway/test/support/old-packages.ts';

await fetchOldPackages().catch(() => undefined);
