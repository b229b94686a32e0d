import { describeApprovals } from '../../../test/support/approvals-of-sdk.ts';
import { oldPackages } from '../../../test/support/old-packages.ts';
import { importSdkCopy } from '../../../test/support/sdk-copies.ts';

describeApprovals(
  'the oldest SDK for TypeScript that is served',
  () => importSdkCopy(oldPackages()),
  {
    nested: false,
  },
);
