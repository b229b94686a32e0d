import { useState } from 'react';
import { text } from '../../../strings/text.ts';
import { Dialog } from '../../../ui/dialog.tsx';
import { Tabs } from '../../../ui/tabs.tsx';
import { CodeBlock } from '../../../ui/text/code-block.tsx';
import type { chatBody } from '../chat/chat-body.ts';
import { type SnippetLanguage, snippetOf } from './snippets.ts';

const words = text.playground.snippet;

const tabs = [
  { value: 'curl', label: 'curl' },
  { value: 'typescript', label: 'TypeScript' },
  { value: 'python', label: 'Python' },
] as const;

/** The next request as code. */
export function SnippetDialog(props: {
  readonly open: boolean;
  readonly onOpenChange: (open: boolean) => void;
  readonly body: ReturnType<typeof chatBody>;
}) {
  const { open, onOpenChange, body } = props;
  const [language, setLanguage] = useState<SnippetLanguage>('curl');
  return (
    <Dialog
      open={open}
      onOpenChange={onOpenChange}
      title={words.title}
      description={words.lead}
      wide
    >
      <Tabs label={words.language} value={language} onChange={setLanguage} tabs={tabs}>
        <CodeBlock
          code={snippetOf(language, location.origin, body)}
          language={language === 'curl' ? 'text' : language}
          label={words.label}
        />
      </Tabs>
    </Dialog>
  );
}
