#!/bin/sh
# Starts the gateway for development. Where there are agents in Python and the environment they share is not made yet,
# it is made meanwhile, in the background: nothing waits for it, and they load by themselves when it is there.
set -eu
dropgate=packages/gateway/bin/dropgate.cjs

has_python_agents() {
  for file in src/agents/*/agent.py src/agents/*/*/agent.py; do
    if [ -e "$file" ]; then return 0; fi
  done
  return 1
}

if has_python_agents && [ ! -e .dropgate/python/requirements.lock ]; then
  echo 'Agents in Python load as soon as openai-agents is installed, which begins now in the background.' >&2
  # Tells the gateway, which may look before the install has begun.
  mkdir -p -m 700 .dropgate
  mkdir -p .dropgate/.dropgate-install-python
  nice -n 10 node "$dropgate" deps install --shared >&2 &
fi
exec node "$dropgate" dev
