import { memo } from 'react';
import { fill, text } from '../../../strings/text.ts';
import { Button } from '../../../ui/button.tsx';
import { CopyButton } from '../../../ui/text/copy-button.tsx';
import type { Chat } from '../chat/chat.ts';
import type { Answer, Turn } from '../chat/chat-types.ts';
import { isOpen } from '../chat/take-news.ts';
import { AnswerFacts } from './answer-facts.tsx';
import { AnswerText } from './answer-text.tsx';
import styles from './answer-view.module.css';
import { ApprovalCard } from './approval-card.tsx';
import { FailureView } from './failure-view.tsx';
import { shownText } from './shown-text.ts';
import { Timeline } from './timeline.tsx';

const words = text.playground.answer;

/** What came of a question: what the agent did, what it said, how it ended, and what that took. */
export const AnswerView = memo(function AnswerView(props: {
  readonly chat: Chat;
  readonly lane: number;
  readonly turn: Turn;
  readonly isAdmin: boolean;
}) {
  const { chat, lane, turn, isAdmin } = props;
  const { answer } = turn;
  const retry = () => chat.askAnew({ lane, turn });
  const isOver = answer.status !== 'running';
  return (
    <article
      className={styles.answer}
      aria-label={fill(words.label, { agent: turn.agentId })}
      aria-busy={!isOver}
    >
      <p className={styles.agent} title={turn.agentId}>
        {turn.agentId}
      </p>
      <div className={styles.side}>
        <Timeline steps={answer.steps} runIds={answer.runIds} isAdmin={isAdmin} />
      </div>
      <div className={styles.main}>
        <Thought answer={answer} />
        {answer.text !== '' && <AnswerText source={answer.text} isGrowing={!isOver} />}
        {!isOver && <Progress answer={answer} />}
        {answer.steps.filter(isOpen).map((step) => (
          <ApprovalCard key={step.approval.id} chat={chat} turn={turn} step={step} />
        ))}
        <Ending answer={answer} />
        {answer.failure && <FailureView failure={answer.failure} onRetry={retry} />}
        {isOver && (
          <footer className={styles.footer}>
            {answer.text !== '' && <CopyButton value={answer.text} label={words.copy} />}
            <Button
              variant="ghost"
              size="small"
              icon="refresh"
              aria-label={words.retry}
              title={words.retry}
              onClick={retry}
            />
            <AnswerFacts answer={answer} isAdmin={isAdmin} />
          </footer>
        )}
      </div>
    </article>
  );
});

function Thought({ answer }: { readonly answer: Answer }) {
  const thought = answer.thought.trim();
  if (thought === '') return null;
  return (
    <details className={styles.thought}>
      <summary>{words.thought}</summary>
      <p dir="auto">{shownText(thought)}</p>
    </details>
  );
}

function Progress({ answer }: { readonly answer: Answer }) {
  return (
    <p className={styles.progress}>
      <span className={styles.dots} aria-hidden="true" />
      {answer.text === '' ? words.thinking : words.running}
    </p>
  );
}

/** How it ended, where that is worth a word. */
function Ending({ answer }: { readonly answer: Answer }) {
  const said = endingOf(answer);
  return said === null ? null : <p className={styles.ending}>{said}</p>;
}

function endingOf({ status, reason, text: said }: Answer): string | null {
  if (status === 'stopped') return words.stopped;
  if (status === 'waiting') return null;
  if (reason === 'content_filter') return words.blocked;
  if (reason === 'length') return words.cut;
  return status === 'done' && said.trim() === '' ? words.silent : null;
}
