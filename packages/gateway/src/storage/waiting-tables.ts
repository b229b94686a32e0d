/** A run that was interrupted; times are Unix milliseconds, and an end user nobody knows is empty. */
export type WaitingRunRow = {
  readonly run_id: string;
  readonly key_id: string;
  readonly end_user: string;
  readonly agent_id: string;
  readonly module_path: string;
  readonly generation: number;
  readonly files_hash: string;
  readonly conversation_id: string | null;
  readonly prefix_hash: string | null;
  readonly status: string;
  readonly resumed_by: string | null;
  /** Token of who goes on with it, until then. */
  readonly claim: string | null;
  readonly claimed_until_ms: number | null;
  readonly wrong_codes: number;
  readonly grants: string;
  /** Of its state, as packed, and of its calls. */
  readonly bytes: number;
  readonly created_ms: number;
  readonly expires_ms: number;
};

/** State and input of a run that waits, packed; gone once it is over. */
export type WaitingStateRow = { readonly run_id: string; readonly packed: Uint8Array };

/** A call that a run waits for. */
export type WaitingCallRow = {
  readonly id: string;
  readonly run_id: string;
  /** `person` to approve it, or `caller` to make it. */
  readonly asks: string;
  readonly key_id: string;
  readonly end_user: string;
  readonly agent_id: string;
  readonly call_id: string;
  /** What is called, by whom, and who may answer. */
  readonly call: string;
  readonly status: string;
  readonly code_hash: string | null;
  readonly created_ms: number;
  readonly expires_ms: number;
  readonly answer: string | null;
};

/** A generation that runs wait to go on with. `kept_ms` is when one last asked for it to be kept. */
export type WaitingGenerationRow = {
  readonly agent_id: string;
  readonly files_hash: string;
  readonly record: string;
  readonly kept_ms: number;
};

/** Bytes of such generations, packed. */
export type WaitingFileRow = {
  readonly sha256: string;
  readonly packed: Uint8Array;
  readonly kept_ms: number;
};
