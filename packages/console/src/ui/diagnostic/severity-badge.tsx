import type { Diagnostic } from '../../api/errors.ts';
import { text } from '../../strings/text.ts';
import { Badge, type Tone } from '../badge.tsx';

const tones: Readonly<Record<Diagnostic['severity'], Tone>> = {
  error: 'bad',
  warning: 'warn',
  info: 'info',
};

/** How bad something is. */
export function SeverityBadge({ severity }: Pick<Diagnostic, 'severity'>) {
  return <Badge tone={tones[severity]}>{text.errors.severities[severity]}</Badge>;
}
