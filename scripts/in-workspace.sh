#!/bin/sh
# Installs the workspace when its lock file changed, then becomes the command it was given,
# on the Node of the workspace. `exec`, so that signals reach the command itself.
# With `--product` before the command, what only tests and checks need is left out.
set -eu
cd "$(dirname "$0")/.."

omit=
if [ "${1:-}" = --product ]; then
  omit=--omit=dev
  shift
fi

is_at_least() { # $1: a node binary, $2: major version
  "$1" -e "process.exit(Number(process.versions.node.split('.')[0]) < $2 ? 1 : 0)" 2>/dev/null
}

is_stale() { # $1: a folder with a lock file
  [ ! -e "$1/node_modules/.package-lock.json" ] || [ "$1/package-lock.json" -nt "$1/node_modules/.package-lock.json" ]
}

# Who runs the product gets the packages of the console with the first visit to it.
needs_install() {
  is_stale . || { [ -z "$omit" ] && { [ ! -e node_modules/.bin/vitest ] || is_stale packages/console; }; }
}

install() { # $1: a folder, and options of npm
  folder=$1
  shift
  if is_stale "$folder" || { [ "$folder" = . ] && [ ! -e node_modules/.bin/vitest ]; }; then
    npm ci --prefix "$folder" "$@" --loglevel=error --no-audit --no-fund --fetch-retries=5 >&2
  fi
}

if ! command -v npm >/dev/null 2>&1 || ! is_at_least node 20; then
  echo 'Dropgate needs Node 20 or newer with npm, and found none on this machine.' >&2
  echo 'Install Node 24 from https://nodejs.org and run the command again.' >&2
  exit 1
fi

# Two at once on a fresh checkout must not install over each other; macOS has no flock and goes without.
# npm inherits fd 9 on purpose: the shell may exec it, and the lock lives as long as the descriptor.
if needs_install; then
  (
    if command -v flock >/dev/null 2>&1; then flock 9; fi
    if needs_install; then
      echo 'Installing the workspace (npm ci) …' >&2
      install . $omit
      if [ -z "$omit" ]; then install packages/console; fi
    fi
  ) 9<package-lock.json
fi

# The pinned Node is an optional package: no copy of it exists for macOS and for musl.
bin=$PWD/node_modules/.bin
if is_at_least "$bin/node" 24; then
  PATH=$bin:$PATH
elif is_at_least node 24; then
  PATH=$PATH:$bin
else
  echo "Dropgate needs Node 24 or newer; this is $(node --version), and Node 24 cannot be installed from npm here." >&2
  echo 'Install it from https://nodejs.org (or with nvm, fnm, brew) and run the command again.' >&2
  exit 1
fi
export PATH
exec "$@"
