import { text } from '../../strings/text.ts';
import { Page } from '../../ui/page.tsx';

/** The page of that name. */
export function ApprovalsPage() {
  return (
    <Page title={text.approvals.title} lead={text.approvals.lead}>
      {null}
    </Page>
  );
}
