import { useEffect, useState } from 'react';
import { text } from '../../strings/text.ts';
import { Button } from '../button.tsx';

const shownMs = 1500;

/** Copies a text, and says so. */
export function CopyButton({ value, label }: { readonly value: string; readonly label?: string }) {
  const [isCopied, setCopied] = useState(false);
  useEffect(() => {
    if (!isCopied) return;
    const timer = setTimeout(() => setCopied(false), shownMs);
    return () => clearTimeout(timer);
  }, [isCopied]);
  const name = label ?? text.common.copy;
  return (
    <>
      <Button
        variant="ghost"
        size="small"
        icon={isCopied ? 'check' : 'copy'}
        aria-label={name}
        title={name}
        onClick={({ currentTarget }) => {
          copy(value, currentTarget).then(setCopied, () => setCopied(false));
        }}
      />
      <span className="visually-hidden" role="status">
        {isCopied ? text.common.copied : ''}
      </span>
    </>
  );
}

/**
 * Over plain http a page of another host than loopback has no clipboard of the new kind. Its field stands beside the
 * button: a dialog takes the focus back from what is outside.
 *
 * @returns Whether it was copied.
 */
async function copy(value: string, beside: HTMLElement): Promise<boolean> {
  if (navigator.clipboard) {
    await navigator.clipboard.writeText(value);
    return true;
  }
  const field = document.createElement('textarea');
  field.value = value;
  field.setAttribute('aria-hidden', 'true');
  field.className = 'visually-hidden';
  beside.after(field);
  field.select();
  const isCopied = document.execCommand('copy');
  field.remove();
  beside.focus();
  return isCopied;
}
