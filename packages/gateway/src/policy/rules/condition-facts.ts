import type { Principal, Question } from '../../protocol/policy.ts';

/** What a condition sees of a question. Built once for a question, whatever the number of conditions. */
export type Facts = {
  readonly principal: PrincipalFacts;
  readonly resource: string;
  readonly context: ContextFacts;
  /** Absent where the arguments are not known. */
  readonly args?: unknown;
};

/** `principal` of a condition. A class, because CEL tells types apart by their constructor. */
export class PrincipalFacts {
  static readonly fields = {
    type: 'string',
    id: 'string',
    name: 'string',
    role: 'string',
    agent_id: 'string',
    key_id: 'string',
    key_name: 'string',
    user: 'string',
  } as const;
  /** `key` or `agent`. */
  readonly type: Principal['type'];
  readonly id: string;
  /** Of a key its name, of an agent its id. */
  readonly name: string;
  readonly role: string;
  readonly agent_id: string;
  readonly key_id: string;
  readonly key_name: string;
  /** Id of the person, where the key forwards its users. */
  readonly user: string;

  constructor(principal: Principal) {
    const key = principal.type === 'key' ? principal : principal.key;
    this.type = principal.type;
    this.id = principal.id;
    this.name = principal.type === 'key' ? principal.name : principal.id;
    this.role = key?.role ?? '';
    this.agent_id = principal.type === 'agent' ? principal.id : '';
    this.key_id = key?.id ?? '';
    this.key_name = key?.name ?? '';
    this.user = key?.user?.id ?? '';
  }
}

/** `context` of a condition: every field is there, empty where nothing is known. Times are UTC. */
export class ContextFacts {
  static readonly fields = {
    agent_id: 'string',
    provenance: 'string',
    user: 'string',
    metadata: 'map<string, string>',
    hour: 'int',
    weekday: 'int',
    now: 'int',
  } as const;
  readonly agent_id: string;
  readonly provenance: string;
  readonly user: string;
  readonly metadata: Readonly<Record<string, string>>;
  /** 0 to 23. */
  readonly hour: bigint;
  /** 0 is Sunday. */
  readonly weekday: bigint;
  /** Unix seconds. */
  readonly now: bigint;

  constructor({ context = {}, principal, action, resource }: Question, nowSeconds: number) {
    const isOfAgents = action === 'run_agent' || action === 'list_agents';
    const asking = principal.type === 'agent' ? principal.id : '';
    this.agent_id = context.agent_id ?? (isOfAgents ? resource : asking);
    this.provenance = context.provenance ?? '';
    this.user = context.user ?? '';
    this.metadata = context.metadata ?? {};
    const seconds = Math.floor(nowSeconds);
    const hours = Math.floor(seconds / 3600);
    this.hour = BigInt(hours % 24);
    // 1 January 1970 was a Thursday.
    this.weekday = BigInt((Math.floor(hours / 24) + 4) % 7);
    this.now = BigInt(seconds);
  }
}

/** What conditions may see of a question. */
export function factsOf(question: Question, nowSeconds: number): Facts {
  const facts = {
    principal: new PrincipalFacts(question.principal),
    resource: question.resource,
    context: new ContextFacts(question, nowSeconds),
  };
  return question.args === undefined ? facts : { ...facts, args: question.args };
}

/** Characters of text in the arguments of a call that a condition looks at, and how deep they may nest. */
const MAX_ARGS_CHARS = 262_144;
const MAX_ARGS_DEPTH = 64;

/** Whether a condition may look at some arguments: they are small enough for its cost to be bounded. */
export function isWithinBounds(args: unknown): boolean {
  let left = MAX_ARGS_CHARS;
  const walk = (value: unknown, depth: number): boolean => {
    left -= typeof value === 'string' ? value.length : 1;
    if (left < 0 || depth > MAX_ARGS_DEPTH) return false;
    if (typeof value !== 'object' || value === null) return true;
    // Counted first: a call may bring millions of parts, and pairs of them would take seconds and gigabytes.
    if (Array.isArray(value)) {
      return value.length <= left && value.every((part) => walk(part, depth + 1));
    }
    const keys = Object.keys(value);
    if (keys.length > left) return false;
    return keys.every((key) => {
      left -= key.length;
      return walk(Reflect.get(value, key), depth + 1);
    });
  };
  return walk(args, 0);
}
