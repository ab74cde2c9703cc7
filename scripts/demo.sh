#!/usr/bin/env bash
# What `npm run demo` does: all its own set-up, then the demo. Arguments go to `waiter demo` (see --help).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

if [[ ! -f node_modules/.package-lock.json || package-lock.json -nt node_modules/.package-lock.json ]]; then
  echo "Installing packages (once)..."
  npm install --no-audit --no-fund --loglevel=error
fi
scripts/ensure-redis.sh
echo "Building..."
npm run --silent build
exec node packages/cli/bin/waiter.js demo "$@"
