import { Dialog as Radix } from 'radix-ui';
import type { ReactNode } from 'react';
import { text } from '../strings/text.ts';
import { Button } from './button.tsx';
import styles from './dialog.module.css';

/**
 * A dialog over the page. Escape and a click beside it close it; the focus goes back to where it was. One that `stays` is
 * closed by its buttons alone, since what it shows is nowhere else.
 */
export function Dialog(props: {
  readonly open: boolean;
  readonly onOpenChange: (open: boolean) => void;
  readonly title: string;
  readonly description?: string;
  readonly wide?: boolean;
  readonly stays?: boolean;
  readonly children: ReactNode;
}) {
  const { open, onOpenChange, title, description, wide = false, stays = false, children } = props;
  const hold = stays ? (event: Event) => event.preventDefault() : undefined;
  return (
    <Radix.Root open={open} onOpenChange={onOpenChange}>
      <Radix.Portal>
        <Radix.Overlay className={styles.overlay} />
        <Radix.Content
          className={`${styles.content} ${wide ? styles.wide : ''}`}
          {...(description ? {} : { 'aria-describedby': undefined })}
          onOpenAutoFocus={focusField}
          {...(hold ? { onInteractOutside: hold, onEscapeKeyDown: hold } : {})}
        >
          <header className={styles.head}>
            <Radix.Title>{title}</Radix.Title>
            <Radix.Close asChild>
              <Button variant="ghost" size="small" icon="close" aria-label={text.common.close} />
            </Radix.Close>
          </header>
          {description && (
            <Radix.Description className={styles.description}>{description}</Radix.Description>
          )}
          {children}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  );
}

/** In a dialog with a form, what is filled in first has the focus, and not the button that closes it. */
function focusField(event: Event): void {
  const { currentTarget } = event;
  if (!(currentTarget instanceof Element)) return;
  const field = currentTarget.querySelector<HTMLElement>('form :is(input, select, textarea)');
  if (!field) return;
  event.preventDefault();
  field.focus();
}
