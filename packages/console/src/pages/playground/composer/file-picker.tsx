import { useRef } from 'react';
import { fill, text } from '../../../strings/text.ts';
import { Button } from '../../../ui/button.tsx';
import { bytes } from '../../../ui/data/numbers.ts';
import { maxAttachedBytes } from '../chat/read-files.ts';

/** A button that picks files of this computer. */
export function FilePicker(props: {
  /** Whether no agent that is asked takes any. */
  readonly isOff: boolean;
  readonly onFiles: (files: readonly File[]) => void;
}) {
  const { isOff, onFiles } = props;
  const words = text.playground.composer;
  const input = useRef<HTMLInputElement>(null);
  const label = isOff ? words.noAttach : fill(words.attach, { size: bytes(maxAttachedBytes) });
  return (
    <>
      <Button
        variant="ghost"
        icon="attach"
        disabled={isOff}
        aria-label={label}
        title={label}
        onClick={() => input.current?.click()}
      />
      <input
        ref={input}
        type="file"
        multiple
        hidden
        onChange={(event) => {
          onFiles([...(event.target.files ?? [])]);
          event.target.value = '';
        }}
      />
    </>
  );
}
