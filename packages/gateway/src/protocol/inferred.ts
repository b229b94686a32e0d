import type { z } from 'zod';

/** What a schema lets through; nothing of it is to be changed. */
export type Inferred<Schema extends z.ZodType> = DeepReadonly<z.output<Schema>>;

type DeepReadonly<Value> = Value extends object
  ? { readonly [Key in keyof Value]: DeepReadonly<Value[Key]> }
  : Value;
