import { type ClipboardEvent, type KeyboardEvent, memo, type RefObject } from 'react';
import type { Model } from '../../../api/agents.ts';
import { fill, text } from '../../../strings/text.ts';
import { Button } from '../../../ui/button.tsx';
import type { Chat } from '../chat/chat.ts';
import type { Question } from '../chat/chat-types.ts';
import { AttachmentList } from './attachment-list.tsx';
import styles from './composer.module.css';
import { FilePicker } from './file-picker.tsx';
import { takenMedia, useDroppedFiles, useFiles } from './use-files.ts';

const words = text.playground.composer;

/** Where a question is written. What is in it stays while other pages are shown. */
export const Composer = memo(function Composer(props: {
  readonly chat: Chat;
  readonly draft: Question;
  readonly models: readonly Model[];
  readonly isRunning: boolean;
  /** Whether the agents that would be asked are there. */
  readonly canSend: boolean;
  readonly field: RefObject<HTMLTextAreaElement | null>;
  readonly onSend: () => void;
  readonly onEditLast: () => void;
}) {
  const { chat, draft, models, isRunning, canSend, onSend } = props;
  const media = takenMedia(models);
  const { notes, addFiles } = useFiles(chat);
  const isOver = useDroppedFiles(addFiles);
  const wrong = draft.attachments.find(({ kind }) => !media.has(kind));
  const isEmpty = draft.text.trim() === '' && draft.attachments.length === 0;
  const isReady = canSend && !isEmpty && !isRunning && !wrong;
  const send = () => {
    if (isReady) onSend();
  };
  return (
    <form
      className={styles.composer}
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <div className={`${styles.box} ${isOver ? styles.over : ''}`}>
        {isOver && <p className={styles.drop}>{words.drop}</p>}
        <AttachmentList
          attachments={draft.attachments}
          onRemove={(id) => chat.setDraft((now) => without(now, id))}
        />
        <Notes notes={wrong ? [...notes, wrongKind(wrong)] : notes} />
        <div className={styles.row}>
          <FilePicker isOff={media.size === 0} onFiles={addFiles} />
          <Field {...props} onSend={send} onFiles={addFiles} />
          {isRunning ? (
            <Button icon="stop" onClick={chat.stop}>
              {words.stop}
            </Button>
          ) : (
            <Button type="submit" variant="primary" icon="send" disabled={!isReady}>
              {words.send}
            </Button>
          )}
        </div>
      </div>
      <p id="composer-keys" className={styles.keys}>
        {words.keys}
      </p>
    </form>
  );
});

function Field(props: {
  readonly chat: Chat;
  readonly draft: Question;
  readonly models: readonly Model[];
  readonly field: RefObject<HTMLTextAreaElement | null>;
  readonly onSend: () => void;
  readonly onEditLast: () => void;
  readonly onFiles: (files: readonly File[]) => void;
}) {
  const { chat, draft, models, field, onSend, onEditLast, onFiles } = props;
  function onKeyDown(event: KeyboardEvent): void {
    if (event.key === 'ArrowUp' && draft.text === '') {
      event.preventDefault();
      onEditLast();
    }
    if (event.key !== 'Enter' || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    onSend();
  }
  function onPaste(event: ClipboardEvent): void {
    const files = [...event.clipboardData.files];
    if (files.length === 0) return;
    event.preventDefault();
    onFiles(files);
  }
  const name = models.map((model) => model.name).join(' + ');
  return (
    <textarea
      ref={field}
      rows={1}
      dir="auto"
      aria-label={words.label}
      aria-describedby="composer-keys"
      placeholder={fill(words.placeholder, { name })}
      value={draft.text}
      onChange={(event) => {
        const { value } = event.target;
        chat.setDraft((now) => ({ ...now, text: value }));
      }}
      onKeyDown={onKeyDown}
      onPaste={onPaste}
    />
  );
}

function without(draft: Question, id: string): Question {
  return { ...draft, attachments: draft.attachments.filter((one) => one.id !== id) };
}

function wrongKind({ kind, name }: Question['attachments'][number]): string {
  return fill(words.wrongKind, { kind: words.kinds[kind], name });
}

function Notes({ notes }: { readonly notes: readonly string[] }) {
  return (
    <div role="status">
      {notes.map((note) => (
        <p key={note} className={styles.note}>
          {note}
        </p>
      ))}
    </div>
  );
}
