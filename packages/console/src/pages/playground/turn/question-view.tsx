import { memo, useEffect, useRef, useState } from 'react';
import { fill, text } from '../../../strings/text.ts';
import { Button } from '../../../ui/button.tsx';
import { CopyButton } from '../../../ui/text/copy-button.tsx';
import type { Chat } from '../chat/chat.ts';
import type { Turn } from '../chat/chat-types.ts';
import { AttachmentList } from '../composer/attachment-list.tsx';
import styles from './question-view.module.css';
import { shownText } from './shown-text.ts';

const words = text.playground.question;

/** A question, which can be asked in other words, and the ways between its versions. */
export const QuestionView = memo(function QuestionView(props: {
  readonly chat: Chat;
  readonly lane: number;
  readonly turn: Turn;
  readonly siblings: readonly Turn[];
  readonly isEditing: boolean;
  readonly onEdit: (turnId: string | null) => void;
}) {
  const { chat, lane, turn, siblings, isEditing, onEdit } = props;
  const { question } = turn;
  if (isEditing) {
    return (
      <Edit
        first={question.text}
        onCancel={() => onEdit(null)}
        onSave={(written) => {
          onEdit(null);
          chat.askAnew({ lane, turn }, { ...question, text: written });
        }}
      />
    );
  }
  return (
    <section className={styles.question} aria-label={words.label}>
      <div className={styles.bubble} dir="auto">
        {question.text !== '' && <p>{shownText(question.text)}</p>}
        <AttachmentList attachments={question.attachments} />
      </div>
      <div className={styles.actions}>
        <Versions chat={chat} lane={lane} turn={turn} siblings={siblings} />
        {question.text !== '' && <CopyButton value={question.text} label={words.copy} />}
        <Button
          variant="ghost"
          size="small"
          icon="edit"
          aria-label={words.edit}
          title={words.edit}
          onClick={() => onEdit(turn.id)}
        />
      </div>
    </section>
  );
});

function Versions(props: {
  readonly chat: Chat;
  readonly lane: number;
  readonly turn: Turn;
  readonly siblings: readonly Turn[];
}) {
  const { chat, lane, turn, siblings } = props;
  if (siblings.length < 2) return null;
  const at = siblings.findIndex(({ id }) => id === turn.id);
  const go = (step: number) => {
    const next = siblings[at + step];
    if (next) chat.choose(lane, next);
  };
  const said = fill(words.branch, { at: at + 1, count: siblings.length });
  return (
    <>
      <Button
        className={styles.back ?? ''}
        variant="ghost"
        size="small"
        icon="chevron"
        aria-label={words.previous}
        disabled={at === 0}
        onClick={() => go(-1)}
      />
      <span className={styles.at}>
        <span aria-hidden="true">{`${at + 1} / ${siblings.length}`}</span>
        <span className="visually-hidden">{said}</span>
      </span>
      <Button
        variant="ghost"
        size="small"
        icon="chevron"
        aria-label={words.next}
        disabled={at === siblings.length - 1}
        onClick={() => go(1)}
      />
    </>
  );
}

function Edit(props: {
  readonly first: string;
  readonly onSave: (written: string) => void;
  readonly onCancel: () => void;
}) {
  const { first, onSave, onCancel } = props;
  const [written, setWritten] = useState(first);
  const field = useRef<HTMLTextAreaElement>(null);
  useEffect(() => {
    field.current?.focus();
    field.current?.setSelectionRange(first.length, first.length);
  }, [first]);
  const save = () => {
    if (written.trim() !== '') onSave(written);
  };
  return (
    <form
      className={styles.edit}
      onSubmit={(event) => {
        event.preventDefault();
        save();
      }}
    >
      <textarea
        ref={field}
        dir="auto"
        aria-label={words.editLabel}
        value={written}
        onChange={(event) => setWritten(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === 'Escape') {
            event.stopPropagation();
            onCancel();
          }
          if (event.key !== 'Enter' || event.shiftKey || event.nativeEvent.isComposing) return;
          event.preventDefault();
          save();
        }}
      />
      <div className={styles.buttons}>
        <Button variant="ghost" onClick={onCancel}>
          {text.common.cancel}
        </Button>
        <Button type="submit" variant="primary" icon="send">
          {words.save}
        </Button>
      </div>
    </form>
  );
}
