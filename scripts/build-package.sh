#!/bin/sh
# Builds the package before it is packed, also in a clone where nothing is installed yet.
set -eu
exec sh "$(dirname "$0")/in-workspace.sh" node scripts/build-package.ts
