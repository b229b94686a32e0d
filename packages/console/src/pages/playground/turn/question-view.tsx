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

/** The question that is edited. */
export type Edited = { readonly lane: number; readonly turnId: string };

/** A question, which can be asked in other words, and the ways between its versions. */
export const QuestionView = memo(function QuestionView(props: {
  readonly chat: Chat;
  readonly lane: number;
  readonly turn: Turn;
  /** Which of the versions of the question it is, from 0, and how many there are. */
  readonly version: number;
  readonly versions: number;
  readonly isEditing: boolean;
  readonly onEdit: (edited: Edited | null) => void;
}) {
  const { chat, lane, turn, version, versions, isEditing, onEdit } = props;
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
        <Versions
          version={version}
          versions={versions}
          onStep={(by) => chat.step({ lane, turn }, by)}
        />
        {question.text !== '' && <CopyButton value={question.text} label={words.copy} />}
        <Button
          variant="ghost"
          size="small"
          icon="edit"
          aria-label={words.edit}
          title={words.edit}
          onClick={() => onEdit({ lane, turnId: turn.id })}
        />
      </div>
    </section>
  );
});

function Versions(props: {
  readonly version: number;
  readonly versions: number;
  readonly onStep: (by: number) => void;
}) {
  const { version, versions, onStep } = props;
  if (versions < 2) return null;
  const said = fill(words.branch, { at: version + 1, count: versions });
  return (
    <>
      <Button
        className={styles.back ?? ''}
        variant="ghost"
        size="small"
        icon="chevron"
        aria-label={words.previous}
        disabled={version === 0}
        onClick={() => onStep(-1)}
      />
      <span className={styles.at}>
        <span aria-hidden="true">{`${version + 1} / ${versions}`}</span>
        <span className="visually-hidden">{said}</span>
      </span>
      <Button
        variant="ghost"
        size="small"
        icon="chevron"
        aria-label={words.next}
        disabled={version === versions - 1}
        onClick={() => onStep(1)}
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
