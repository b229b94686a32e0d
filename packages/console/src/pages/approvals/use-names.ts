import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { useApi } from '../../api/api-context.ts';
import { type Approval, ruleReasonsQuery } from '../../api/approvals.ts';
import { useKeyNames } from '../../api/keys.ts';
import { fill, text } from '../../strings/text.ts';

const words = text.approvals.detail;

/** What people call what calls name by id. */
export type Names = {
  /** Of a key; its id for whoever may not list keys. */
  readonly key: (id: string) => string;
  /** For whom a call asks. */
  readonly who: (call: Approval) => string;
  /** Who asks for the approval, and why. */
  readonly rule: (call: Approval) => string;
};

/** Names of keys and reasons of rules, as far as the session may know them. */
export function useNames(): Names {
  const api = useApi();
  const key = useKeyNames();
  const { data: reasons } = useQuery(ruleReasonsQuery(api));
  return useMemo(() => {
    return {
      key,
      who: ({ user, key_id }) =>
        user === null ? key(key_id) : fill(words.user, { user, key: key(key_id) }),
      rule({ rule_id }) {
        if (rule_id === null) return words.agentAsks;
        const reason = reasons?.[rule_id];
        return reason ? fill(words.ruleReason, { rule: rule_id, reason }) : rule_id;
      },
    };
  }, [key, reasons]);
}
