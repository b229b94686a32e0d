import type { ToolChoice } from '../../../protocol/run.ts';
import { fieldsOf, invalid } from './sent-fields.ts';

/**
 * Which tool the first model turn has to call.
 *
 * @throws GatewayError `invalid_value` for another form, or a function that the request does not bring.
 */
export function toToolChoice(
  choice: unknown,
  { names, below }: { readonly names: readonly string[]; readonly below: 'function' | '' },
): ToolChoice {
  if (choice === 'auto' || choice === 'none' || choice === 'required') return choice;
  const chosen = fieldsOf(choice);
  const { name } = below === '' ? chosen : fieldsOf(chosen[below]);
  if (chosen.type !== 'function' || typeof name !== 'string') {
    throw invalid('tool_choice', "send 'auto', 'none', 'required' or one function");
  }
  if (names.includes(name)) return { name };
  throw invalid('tool_choice', 'it names a function that is not among the tools of the request');
}
