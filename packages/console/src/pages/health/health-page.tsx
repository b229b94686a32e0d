import { text } from '../../strings/text.ts';
import { Page } from '../../ui/page.tsx';

/** The page of that name. */
export function HealthPage() {
  return (
    <Page title={text.health.title} lead={text.health.lead}>
      {null}
    </Page>
  );
}
