import { useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useEffect, useState } from 'react';
import { useApi } from '../api/api-context.ts';
import { logIn } from '../api/session.ts';
import { useSessionTabs } from '../api/session-tabs.ts';
import { text } from '../strings/text.ts';
import { Button } from '../ui/button.tsx';
import { Field, TextInput } from '../ui/field.tsx';
import { CopyButton } from '../ui/text/copy-button.tsx';
import styles from './login-page.module.css';

/** Logs in with a key. Where the page was opened by a link that logs in no more, it says so. */
export function LoginPage() {
  const { attempt, isBusy, error } = useLogin();
  const queries = useQueryClient();
  // Once: what nobody watches is forgotten after a while.
  const [ended] = useState(() => endedText(queries.getQueryData(['session-ended'])));
  const [key, setKey] = useState('');
  useEffect(() => {
    document.title = `${text.login.title} · ${text.common.product}`;
  }, []);
  function submit(event: FormEvent): void {
    event.preventDefault();
    attempt(key.trim());
  }
  return (
    <main className={styles.page}>
      <form className={styles.card} onSubmit={submit}>
        <h1>
          <img src={`${import.meta.env.BASE_URL}favicon.svg`} alt="" width={28} height={28} />
          {text.login.title}
        </h1>
        {ended && (
          <p className={styles.ended} role="status">
            {ended}
          </p>
        )}
        <p className={styles.soft}>{text.login.lead}</p>
        <Field label={text.login.key} hint={text.login.keyHint} error={error}>
          {(control) => (
            <TextInput
              {...control}
              type="password"
              name="key"
              value={key}
              onChange={(event) => setKey(event.target.value)}
            />
          )}
        </Field>
        <Button type="submit" variant="primary" busy={isBusy}>
          {isBusy ? text.login.checking : text.login.submit}
        </Button>
        <div className={styles.link}>
          <p className={styles.soft}>{text.login.withLink}</p>
          <p className={styles.command}>
            <code>{text.login.linkCommand}</code>
            <CopyButton value={text.login.linkCommand} />
          </p>
        </div>
      </form>
    </main>
  );
}

function useLogin() {
  const api = useApi();
  const queries = useQueryClient();
  const tabs = useSessionTabs();
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState(() => queries.getQueryData<string>(['link-fault']));
  function attempt(key: string): void {
    if (key === '') {
      setError(text.login.empty);
      return;
    }
    setBusy(true);
    logIn(api, { key })
      .then((session) => {
        queries.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== 'session' });
        queries.setQueryData(['session'], session);
        tabs.tell('logged_in');
      })
      .catch((failure: unknown) =>
        setError(failure instanceof Error ? failure.message : String(failure)),
      )
      .finally(() => setBusy(false));
  }
  return { attempt, isBusy, error };
}

function endedText(code: string | null | undefined): string | null {
  switch (code) {
    case undefined:
    case null:
      return null;
    case 'logged_out':
      return text.login.loggedOut;
    case 'invalid_api_key':
      return text.login.revoked;
    default:
      return text.login.ended;
  }
}
