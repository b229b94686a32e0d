import { fill, text } from '../../../strings/text.ts';
import { Button } from '../../../ui/button.tsx';
import { bytes } from '../../../ui/data/numbers.ts';
import { Icon } from '../../../ui/icon.tsx';
import type { Attachment } from '../chat/chat-types.ts';
import styles from './attachment-list.module.css';

/** Pictures and files that go along with a question; with `onRemove` each can be taken out. */
export function AttachmentList(props: {
  readonly attachments: readonly Attachment[];
  readonly onRemove?: (id: string) => void;
}) {
  const { attachments, onRemove } = props;
  if (attachments.length === 0) return null;
  return (
    <ul className={styles.list}>
      {attachments.map((attachment) => (
        <li key={attachment.id} className={styles.attachment}>
          {attachment.kind === 'image' ? (
            <img src={attachment.url} alt="" />
          ) : (
            <span className={styles.picture}>
              <Icon name="attach" />
            </span>
          )}
          <span className={styles.name} title={attachment.name}>
            {attachment.name}
            <small>{bytes(attachment.bytes)}</small>
          </span>
          {onRemove && (
            <Button
              variant="ghost"
              size="small"
              icon="close"
              aria-label={fill(text.playground.composer.remove, { name: attachment.name })}
              onClick={() => onRemove(attachment.id)}
            />
          )}
        </li>
      ))}
    </ul>
  );
}
