import { text } from '../../strings/text.ts';
import { Page } from '../../ui/page.tsx';

/** The page of that name. */
export function PlaygroundPage() {
  return (
    <Page title={text.playground.title} lead={text.playground.lead}>
      {null}
    </Page>
  );
}
