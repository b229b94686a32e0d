import { useQuery } from '@tanstack/react-query';
import { type ComponentProps, useId } from 'react';
import { modelsQuery } from '../../../api/agents.ts';
import { useApi } from '../../../api/api-context.ts';
import { keysQuery } from '../../../api/keys.ts';
import { useRole } from '../../../api/session.ts';
import { TextInput } from '../../../ui/field.tsx';

const roles = ['role:caller', 'role:operator', 'role:admin', 'role:metrics'];

/** Most names that are offered: a list of thousands helps nobody. */
const maxOffered = 300;

/** A line of text that offers what is known: those who may ask (`principals`), the keys alone, or the agents. */
export function SuggestedInput({
  of,
  ...rest
}: ComponentProps<'input'> & { readonly of: 'principals' | 'keys' | 'agents' }) {
  const id = useId();
  const api = useApi();
  const isAdmin = useRole() === 'admin';
  const models = useQuery(modelsQuery(api));
  const keys = useQuery({ ...keysQuery(api), enabled: isAdmin && of !== 'agents' });
  const agents = models.data?.map((model) => model.id) ?? [];
  const usable = keys.data?.filter(({ state }) => state === 'active').map(({ name }) => name) ?? [];
  const offers = {
    agents,
    keys: usable,
    principals: [...usable, ...roles, ...agents.map((each) => `agent:${each}`)],
  };
  return (
    <>
      <TextInput {...rest} list={id} />
      <datalist id={id}>
        {[...new Set(offers[of])].slice(0, maxOffered).map((each) => (
          <option key={each} value={each} />
        ))}
      </datalist>
    </>
  );
}
