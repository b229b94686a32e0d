/** Of what access is made. */
export type PolicyPart = 'rules' | 'overrides' | 'keys';

/** What is said of rules, overrides and keys as a whole. */
export type PolicyEvent =
  /** Others hold now, whoever changed them: here, on the command line, or another gateway on the same store. */
  { readonly type: 'policy_changed'; readonly part: PolicyPart };
