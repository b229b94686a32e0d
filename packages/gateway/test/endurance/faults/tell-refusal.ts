import type { Sent } from './ask-agent.ts';
import type { Witness } from './witness.ts';

/** Tells of something sent that was not answered with success, which is what `sent` is. */
export function tellRefusal(
  witness: Witness,
  { who, fromMs, sent }: { readonly who: string; readonly fromMs: number; readonly sent: Sent },
): void {
  if (sent.type === 'cut') {
    witness.saw(who, fromMs, { type: 'cut', why: sent.why });
    return;
  }
  const { error } = JSON.parse(sent.text) as { error?: { code: string | null } };
  witness.saw(who, fromMs, { type: 'error', status: sent.status, code: error?.code ?? null });
}
