import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { useApi } from '../../../api/api-context.ts';
import { errorsQuery } from '../../../api/errors.ts';
import { fill, text } from '../../../strings/text.ts';
import { plainText } from '../../../ui/diagnostic/plain-text.ts';
import { Card } from '../../../ui/page.tsx';
import { Tabs } from '../../../ui/tabs.tsx';
import { CodeBlock } from '../../../ui/text/code-block.tsx';
import { CopyButton } from '../../../ui/text/copy-button.tsx';
import styles from './first-agent.module.css';
import { firstAgents } from './first-agents.ts';

const words = text.agents.first;

/** How to get a first agent, where there is none. */
export function FirstAgent() {
  return (
    <div className={styles.first}>
      <header className={styles.head}>
        <h2>{words.title}</h2>
        <p>{words.lead}</p>
      </header>
      <FoundFiles />
      <Card>
        <ByHand />
      </Card>
      <Card title={words.byCommand}>
        <Command command="npx dropgate new Hello" />
        <Command command="npx dropgate new Hello --python" />
      </Card>
      <p className={styles.waiting} role="status">
        <span aria-hidden="true" />
        {words.waiting}
      </p>
    </div>
  );
}

function ByHand() {
  const [language, setLanguage] = useState<keyof typeof firstAgents>('typescript');
  const { path, code } = firstAgents[language];
  return (
    <Tabs
      label={words.languages}
      value={language}
      onChange={setLanguage}
      tabs={[
        { value: 'typescript', label: words.typescript },
        { value: 'python', label: words.python },
      ]}
    >
      <div className={styles.steps}>
        <p className={styles.path}>
          <span>{words.byHand.replace('{path}', '')}</span>
          <code>{path}</code>
          <CopyButton value={path} label={words.path} />
        </p>
        <CodeBlock code={code} language={language} label={path} />
        {language === 'python' && (
          <p className={styles.soft}>
            {fill(words.pythonHint, { command: 'npx dropgate deps install' })}
          </p>
        )}
      </div>
    </Tabs>
  );
}

function Command({ command }: { readonly command: string }) {
  return (
    <p className={styles.command}>
      <code>{command}</code>
      <CopyButton value={command} />
    </p>
  );
}

/** Whoever saved a file in the wrong place reads that here, and waits for nothing. */
function FoundFiles() {
  const { data: errors = [] } = useQuery(errorsQuery(useApi()));
  const newest = errors.find(({ stage, severity }) => stage === 'discover' && severity !== 'info');
  if (!newest) return null;
  return (
    <div className={styles.found} role="status">
      <p>
        <strong>{words.found}</strong>
      </p>
      <p>{plainText(newest.message)}</p>
      <Link to="/errors" search={{ id: newest.id }}>
        {words.more}
      </Link>
    </div>
  );
}
