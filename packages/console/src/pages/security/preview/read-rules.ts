import type { PreviewQuestion } from '../../../api/security.ts';
import { fill, text } from '../../../strings/text.ts';

type DraftRules = NonNullable<PreviewQuestion['draft_rules']>;

/**
 * Rules as people write them: YAML or JSON, a list, one rule, or a part of gateway.yaml. What is in a rule is for the
 * gateway to judge. The reader of YAML comes when it is needed.
 */
export async function readRules(
  written: string,
): Promise<{ readonly rules: DraftRules } | { readonly fault: string }> {
  const { parse } = await import('yaml');
  try {
    const rules = listOf(parse(written));
    return rules.length === 0
      ? { fault: text.security.preview.draftEmpty }
      : { rules: rules as DraftRules };
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error);
    return { fault: fill(text.security.preview.draftWrong, { problem }) };
  }
}

/** @throws TypeError for what holds no rules. */
function listOf(value: unknown): readonly unknown[] {
  if (value === null || value === undefined) return [];
  if (Array.isArray(value)) return value;
  if (typeof value !== 'object') throw new TypeError(text.security.preview.draftEmpty);
  if ('security' in value) return listOf(value.security);
  if ('rules' in value) return listOf(value.rules);
  return [value];
}
