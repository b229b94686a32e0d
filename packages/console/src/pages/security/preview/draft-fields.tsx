import type { PreviewQuestion } from '../../../api/security.ts';
import { text } from '../../../strings/text.ts';
import { Field, Select, TextArea } from '../../../ui/field.tsx';
import {
  emptyOverride,
  OverrideConcern,
  type OverrideDraft,
  overrideFaults,
} from '../parts/override-concern.tsx';
import styles from './preview.module.css';
import { readRules } from './read-rules.ts';

const names = text.security.preview;

/** A draft as it is written. */
export type Draft = {
  readonly kind: 'none' | 'rules' | 'override';
  readonly rules: string;
  readonly override: OverrideDraft;
};

/** What the draft begins with: an example of a rule, which is easier to change than to write. */
export const emptyDraft: Draft = {
  kind: 'none',
  rules: `- id: draft
  effect: allow
  action: run_agent
  principals: ["role:caller"]
  resources: ["*"]
`,
  override: emptyOverride,
};

type Read =
  | { readonly body: Pick<PreviewQuestion, 'draft_rules' | 'draft_override'> }
  | { readonly faults: Readonly<Record<string, string>> };

/** The draft as the gateway takes it, or what is wrong with it by field. */
export async function readDraft({ kind, rules, override }: Draft): Promise<Read> {
  if (kind === 'none') return { body: {} };
  if (kind === 'rules') {
    const read = await readRules(rules);
    return 'fault' in read
      ? { faults: { rules: read.fault } }
      : { body: { draft_rules: read.rules } };
  }
  const faults = Object.entries(overrideFaults(override));
  if (faults.length > 0) {
    return { faults: Object.fromEntries(faults.map(([name, fault]) => [`draft-${name}`, fault])) };
  }
  const { breakGlass, effect, ...concern } = override;
  return {
    body: {
      draft_override: {
        ...concern,
        effect,
        ...(breakGlass && effect === 'allow' ? { break_glass: true } : {}),
      },
    },
  };
}

/** What is to be tried with the question. */
export function DraftFields(props: {
  readonly draft: Draft;
  readonly faults: Readonly<Record<string, string>>;
  readonly onChange: (draft: Draft) => void;
}) {
  const { draft, faults, onChange } = props;
  const options = (['none', 'rules', 'override'] as const).map((value) => ({
    value,
    label: names.drafts[value],
  }));
  return (
    <div className={styles.draft}>
      <Field label={names.draft}>
        {(control) => (
          <Select
            {...control}
            value={draft.kind}
            options={options}
            onChange={(kind) => onChange({ ...draft, kind })}
          />
        )}
      </Field>
      {draft.kind === 'rules' && (
        <Field label={names.draftRules} hint={names.draftRulesHint} error={faults.rules}>
          {(control) => (
            <TextArea
              {...control}
              className={styles.code}
              rows={9}
              value={draft.rules}
              onChange={(event) => onChange({ ...draft, rules: event.target.value })}
            />
          )}
        </Field>
      )}
      {draft.kind === 'override' && (
        <OverrideConcern
          draft={draft.override}
          faults={concernFaults(faults)}
          onChange={(patch) => onChange({ ...draft, override: { ...draft.override, ...patch } })}
        />
      )}
    </div>
  );
}

function concernFaults(faults: Readonly<Record<string, string>>) {
  const { 'draft-principal': principal, 'draft-resource': resource } = faults;
  return { ...(principal ? { principal } : {}), ...(resource ? { resource } : {}) };
}
