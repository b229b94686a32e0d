import type { z } from 'zod';
import type { NamingBody } from '../../policy/users/name-users.ts';
import type { Role } from '../../protocol/policy.ts';
import type { InputItem, RunEvent, RunInput, RunSettings } from '../../protocol/run.ts';
import type { Unread } from '../../protocol/unread-room.ts';
import type { Presentation } from '../../runs/run.ts';
import type { TurnAnswer, TurnWanted } from '../../runs/turns/turn-types.ts';
import type { StreamFormat } from '../event-stream.ts';

/** What an answer is made for. */
export type Answered<Body> = {
  readonly runId: string;
  /** The run that waits where this one is interrupted: itself, unless it only asks again. */
  readonly waitingRunId: string;
  readonly body: Body;
  /** What the client calls itself; empty for nothing. */
  readonly userAgent: string;
  readonly presentation: Presentation;
  /** Of who asks. */
  readonly role: Role;
  /** Whether the answer is kept. */
  readonly isKept: boolean;
  /** Whether what it adds to a conversation is kept. */
  readonly takesItems: boolean;
  /** Told of the whole answer before its end is sent. */
  readonly onAnswer: (answer: TurnAnswer) => void;
  /** Holds what an answer keeps until its end; to be called once. */
  readonly hold: () => Unread;
};

/** What of a run's input a field of a request becomes. */
export type InputField =
  | keyof RunSettings
  | 'items'
  | 'outputFormat'
  | 'tools'
  | 'previousId'
  | 'conversationId'
  | 'outlives';

/** How a run that goes on without its caller is told. Its texts are events that are counted from 0. */
export type BackgroundFormat = StreamFormat & {
  /** Id of its answer. */
  readonly id: string;
  /** The answer as it is now. */
  readonly now: () => string;
};

/** One dialect in which agents are asked and answer: a map from its wire to a run and back, which knows nothing else. */
export type RunFormat<Body> = {
  readonly urls: readonly string[];
  readonly summary: string;
  readonly body: z.ZodType<Body>;
  /** Of a request that asks for no stream. */
  readonly answer: z.ZodType;
  /** Ids of kept items that a request refers to; absent where the format knows none. */
  readonly references?: (body: Body) => readonly string[];
  /**
   * @param referred - What those stand for.
   * @throws GatewayError for what no agent can be asked.
   */
  readonly toRunInput: (
    body: Body,
    referred: ReadonlyMap<string, readonly InputItem[]>,
  ) => RunInput;
  /** What of a conversation that is kept a request takes part in; absent where the format has none. */
  readonly turn?: (body: Body) => TurnWanted;
  /** The request as one that follows a kept answer, which it did not name. */
  readonly following?: (body: Body, previousId: string) => Body;
  /** What of it names a user. */
  readonly namesUser: (body: Body) => NamingBody;
  /** Whether a request may be a turn of a session. */
  readonly hasSessions?: true;
  /** The field of a request that each part of an input comes from. */
  readonly fields: Readonly<Partial<Record<InputField, string>>>;
  /** Names of fields that the gateway does not know. */
  readonly unknownFields: (body: Body) => readonly string[];
  /** @throws GatewayError with the run's failure, or where there is no room for the answer. */
  readonly whole: (events: AsyncIterable<RunEvent>, answered: Answered<Body>) => Promise<object>;
  readonly stream: (answered: Answered<Body>) => StreamFormat;
  /** For turns that outlive their caller. */
  readonly background?: (answered: Answered<Body>) => BackgroundFormat;
};
