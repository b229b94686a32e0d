/** What is asked by `bare-server.ts` and all that stand beside it. */
export type Asked = {
  readonly model: string;
  readonly stream?: boolean;
  readonly messages: { role: 'user'; content: string }[];
};

/** From the front to the process of the agent. */
export type ToAgent =
  | { readonly type: 'run'; readonly id: number; readonly asked: Asked }
  | ModelPart;

/** A part of a model's answer; the first one has its status. */
export type ModelPart = {
  readonly type: 'model_part';
  readonly id: number;
  readonly status?: number;
  readonly contentType?: string;
  readonly text: string;
  readonly isEnd: boolean;
};

/** From the process of the agent to the front. */
export type FromAgent =
  | { readonly type: 'text'; readonly id: number; readonly delta: string }
  | { readonly type: 'done'; readonly id: number; readonly text: string; readonly tokens: number[] }
  | { readonly type: 'failed'; readonly id: number; readonly message: string }
  | { readonly type: 'model_call'; readonly id: number; readonly body: string };
