import type { ReactNode } from 'react';
import { text } from '../strings/text.ts';
import { Button } from './button.tsx';
import styles from './confirm-dialog.module.css';
import { Dialog } from './dialog.tsx';

/** Asks before something is done. It stays open while that goes on, and where it failed, with why. */
export function ConfirmDialog(props: {
  readonly open: boolean;
  readonly onOpenChange: (open: boolean) => void;
  readonly title: string;
  /** What it does, and whether it can be taken back. */
  readonly description: string;
  readonly confirm: string;
  readonly danger?: boolean;
  readonly busy: boolean;
  readonly error: Error | null;
  readonly onConfirm: () => void;
  readonly children?: ReactNode;
}) {
  const { open, onOpenChange, title, description, confirm, danger = false } = props;
  return (
    <Dialog open={open} onOpenChange={onOpenChange} title={title} description={description}>
      {props.children}
      {props.error && (
        <p className={styles.error} role="alert">
          {props.error.message}
        </p>
      )}
      <div className={styles.actions}>
        <Button onClick={() => onOpenChange(false)}>{text.common.cancel}</Button>
        <Button variant={danger ? 'danger' : 'primary'} busy={props.busy} onClick={props.onConfirm}>
          {confirm}
        </Button>
      </div>
    </Dialog>
  );
}
