import { useMutation } from '@tanstack/react-query';
import { useEffect, useRef } from 'react';
import { useApi } from '../../../api/api-context.ts';
import type { PreviewQuestion } from '../../../api/security.ts';
import { text } from '../../../strings/text.ts';
import { Card } from '../../../ui/page.tsx';
import { EmptyState, ErrorPanel, Skeleton } from '../../../ui/states.tsx';
import { useSecuritySearch } from '../search.ts';
import styles from './preview.module.css';
import { PreviewAnswerView } from './preview-answer.tsx';
import { PreviewForm } from './preview-form.tsx';
import { questionOf } from './question.ts';

const names = text.security.preview;

/** A question, and what it would be answered; also with rules that are only a draft. */
export function PreviewTab() {
  const api = useApi();
  const { search } = useSecuritySearch();
  const ask = useMutation({
    mutationFn: (body: PreviewQuestion) => api.call('POST /security/preview', { body }),
  });
  const begin = useRef(ask.mutate);
  const asked = useRef(search);
  useEffect(() => {
    // An address that holds a whole question is one that somebody was sent: it is answered at once.
    const { who, resource } = asked.current;
    if (!who || !resource) return;
    const question = questionOf(asked.current);
    if ('body' in question) begin.current(question.body);
  }, []);
  const answer = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const top = answer.current?.getBoundingClientRect().top ?? 0;
    const isBelow = top > window.innerHeight;
    if (isBelow && (ask.isSuccess || ask.isError)) answer.current?.scrollIntoView();
  }, [ask.isSuccess, ask.isError]);
  return (
    <div className={styles.split}>
      <Card title={names.question}>
        <PreviewForm isBusy={ask.isPending} onAsk={ask.mutate} />
      </Card>
      <Card title={names.answer}>
        <div ref={answer} role="status" className={styles.answer}>
          {ask.isPending && <Skeleton rows={3} />}
          {ask.isError && (
            <ErrorPanel
              error={ask.error}
              title={names.failed}
              deniedTitle={text.security.refused.preview}
            />
          )}
          {ask.isIdle && (
            <EmptyState icon="security" title={names.nothingAsked}>
              <p>{names.nothingAskedHint}</p>
            </EmptyState>
          )}
          {ask.isSuccess && (
            <PreviewAnswerView
              question={ask.variables}
              answer={ask.data}
              onPermitted={() => ask.mutate(ask.variables)}
            />
          )}
        </div>
      </Card>
    </div>
  );
}
