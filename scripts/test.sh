#!/usr/bin/env bash
# What `npm test` runs: all set-up, then build, lint, unit, integration and e2e tests (scripts/run-tests.ts).
#
#   npm test                          everything
#   npm test -- unit integration      some of: lint unit integration e2e
#   npm test -- unit --testPathPatterns packages/router    what begins with a dash, and all after it, goes to jest
#
# Needs Node 20, npm, and a package manager or a redis-server. The last line is `N passed, N failed`.
set -uo pipefail
cd "$(dirname "$0")/.."

give_up() {
  echo "$1" >&2
  echo "0 passed, 1 failed"
  exit 1
}

node -e 'const [a, b] = process.versions.node.split("."); process.exit(a > 20 || (a == 20 && b >= 11) ? 0 : 1)' ||
  give_up "Waiter needs Node 20.11 or newer; this is $(node --version 2>/dev/null || echo 'no Node at all')."

installed=node_modules/.package-lock.json # written by npm at the end of an install
if [ ! -e "$installed" ] || [ package-lock.json -nt "$installed" ]; then
  echo "installing the npm packages" >&2
  npm install --no-audit --no-fund --loglevel=error </dev/null >&2 || give_up "npm install failed."
  [ ! -e "$installed" ] || touch "$installed"
fi

exec node_modules/.bin/tsx scripts/run-tests.ts "$@"
