import { describeApprovals } from '../../../test/support/approvals-of-sdk.ts';
import { fetchSdkCopy, importSdkCopy } from '../../../test/support/sdk-copies.ts';

/** One of each time at which the SDK kept runs that wait in another way, and the newest there is. */
const versions = [
  ['0.2.1', false],
  ['0.3.9', false],
  ['0.4.4', true],
  ['0.4.15', true],
  ['0.8.5', true],
  ['0.12.1', true],
  ['latest', true],
] as const;

for (const [version, nested] of versions) {
  const copyOf = async () => importSdkCopy(await fetchSdkCopy(version));
  describeApprovals(`@openai/agents ${version}`, copyOf, { nested });
}
