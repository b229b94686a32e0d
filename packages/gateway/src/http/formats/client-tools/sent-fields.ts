import { GatewayError } from '../../../errors.ts';

export type Fields = Readonly<Record<string, unknown>>;

/** @param problem - What is wrong, without a period. */
export function invalid(param: string, problem: string): GatewayError {
  return new GatewayError('invalid_value', `Invalid value for '${param}': ${problem}.`, { param });
}

/** The fields of what may be anything. */
export function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? (value as Fields) : {};
}
