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
        onClick={() => void copy(value).then(() => setCopied(true))}
      />
      <span className="visually-hidden" role="status">
        {isCopied ? text.common.copied : ''}
      </span>
    </>
  );
}

/** Over plain http a page of another host than loopback has no clipboard of the new kind. */
async function copy(value: string): Promise<void> {
  if (navigator.clipboard) return navigator.clipboard.writeText(value);
  const field = document.createElement('textarea');
  field.value = value;
  document.body.append(field);
  field.select();
  document.execCommand('copy');
  field.remove();
}
