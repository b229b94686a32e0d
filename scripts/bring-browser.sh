#!/bin/sh
# Installs what Chromium needs where a machine lacks it and may have it: Debian or Ubuntu, as root. Elsewhere, and where
# the packages cannot be had, the tests that need a browser are left out.
set -eu

has_libraries() { ldconfig -p | grep -q 'libnss3\.so' && ldconfig -p | grep -q 'libnspr4\.so'; }

if has_libraries || ! command -v apt-get >/dev/null 2>&1 || [ "$(id -u)" != 0 ]; then
  exit 0
fi
for pause in 1 5 15; do
  if timeout 120 apt-get install -y -q --no-install-recommends libnss3 libnspr4 fonts-dejavu-core >/dev/null 2>&1; then exit 0; fi
  timeout 120 apt-get update -q >/dev/null 2>&1 || true
  sleep "$pause"
done
echo 'What Chromium needs could not be installed: the tests that need a browser are left out.' >&2
