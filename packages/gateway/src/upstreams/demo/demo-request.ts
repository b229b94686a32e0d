/** A function the demo model may call. */
export type DemoTool = {
  readonly name: string;
  readonly description: string;
  /** JSON schema of the arguments. */
  readonly parameters: JsonObject;
};

/** One turn of the conversation, in no API's dialect. */
export type DemoTurn =
  | { readonly type: 'user'; readonly text: string }
  | { readonly type: 'assistant'; readonly text: string }
  | {
      readonly type: 'tool_call';
      readonly name: string;
      readonly arguments: string;
      readonly callId: string;
    }
  | { readonly type: 'tool_result'; readonly callId: string; readonly text: string };

/** What the demo model is asked, in no API's dialect. */
export type DemoRequest = {
  readonly model: string;
  readonly streamed: boolean;
  /** Chat completions only: whether a stream ends with its usage. */
  readonly includeUsage: boolean;
  readonly instructions: string;
  readonly turns: readonly DemoTurn[];
  readonly tools: readonly DemoTool[];
  readonly toolChoice:
    | { readonly type: 'auto' | 'none' | 'required' }
    | { readonly type: 'named'; readonly name: string };
  readonly parallelCalls: boolean;
  /** Schema the answer must fit; `{}` for any JSON object; null for text. */
  readonly outputSchema: JsonObject | null;
  readonly maxOutputTokens: number | null;
};

/** One call of a tool, arguments as JSON text. */
export type DemoCall = {
  readonly callId: string;
  readonly name: string;
  readonly arguments: string;
};

/** What the demo model answers: text, or calls. */
export type DemoReply = {
  /** 24 hex digits that follow from the request; ids are made of it. */
  readonly seed: string;
  readonly createdAtSeconds: number;
  readonly text: string | null;
  readonly calls: readonly DemoCall[];
  readonly truncated: boolean;
  readonly inputTokens: number;
  readonly outputTokens: number;
};

export type JsonObject = Readonly<Record<string, unknown>>;

/** A value as an object, or an empty one. */
export function asObject(value: unknown): JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as JsonObject)
    : {};
}

/** A value as a list of objects, or an empty one. */
export function asObjects(value: unknown): readonly JsonObject[] {
  return Array.isArray(value) ? value.map(asObject) : [];
}

/** A value where it is a string, else the empty one. */
export function asText(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
