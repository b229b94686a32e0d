import { type ReactNode, useState } from 'react';
import type { Key, MadeKey } from '../../api/keys.ts';
import { fill, text } from '../../strings/text.ts';
import { MakeKeyDialog } from './make/make-key-dialog.tsx';
import { RevokeDialog } from './revoke-dialog.tsx';
import { RotateDialog } from './rotate-dialog.tsx';
import { SecretDialog } from './secret-dialog.tsx';

/** What is being done with a key. */
type Doing =
  | { readonly kind: 'make' }
  | { readonly kind: 'rotate' | 'revoke'; readonly key: Key }
  | { readonly kind: 'secret'; readonly made: MadeKey; readonly lead: string };

/** The dialogs in which keys are made, rotated and revoked. One is open at a time. */
export function useKeyDialogs(): {
  readonly open: (doing: Exclude<Doing, { readonly kind: 'secret' }>) => void;
  readonly dialogs: ReactNode;
} {
  const [doing, setDoing] = useState<Doing | null>(null);
  const [said, setSaid] = useState('');
  const close = () => setDoing(null);
  const dialogs = (
    <>
      <p className="visually-hidden" role="status">
        {said}
      </p>
      {doing?.kind === 'make' && (
        <MakeKeyDialog
          onClose={close}
          onMade={(made) => {
            const lead = fill(text.keys.secret.made, { name: made.name });
            setDoing({ kind: 'secret', made, lead });
          }}
        />
      )}
      {doing?.kind === 'rotate' && (
        <RotateDialog
          keyRecord={doing.key}
          onClose={close}
          onMade={(made, lead) => setDoing({ kind: 'secret', made, lead })}
        />
      )}
      {doing?.kind === 'revoke' && (
        <RevokeDialog
          keyRecord={doing.key}
          onClose={close}
          onRevoked={(name) => {
            setSaid(fill(text.keys.revocation.done, { name }));
            close();
          }}
        />
      )}
      {doing?.kind === 'secret' && (
        <SecretDialog made={doing.made} lead={doing.lead} onClose={close} />
      )}
    </>
  );
  return { open: setDoing, dialogs };
}
