#!/bin/sh
# Compiles the package before it is packed, also in a clone where nothing is installed yet.
set -eu
cd "$(dirname "$0")/.."
if [ ! -e node_modules/.bin/tsc ]; then
  echo 'Installing the workspace (npm ci) …' >&2
  npm ci --loglevel=error --no-audit --no-fund --fetch-retries=5 >&2
fi
rm -rf packages/gateway/dist
exec node_modules/.bin/tsc -p packages/gateway/tsconfig.build.json
