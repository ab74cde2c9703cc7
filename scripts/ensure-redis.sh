#!/usr/bin/env bash
# Makes sure that a redis-server exists on this machine; installs it where that needs no question.
#
#   scripts/ensure-redis.sh [--optional COMMAND...]
#
# Each COMMAND after --optional (its package has the same name: haproxy, python3, curl) is installed likewise, but
# nothing fails without it. Exit code 1, and what to install, if there is no redis-server and none can be installed.
set -uo pipefail

optional=()
if [ "${1:-}" = "--optional" ]; then
  shift
  optional=("$@")
elif [ $# -gt 0 ]; then
  echo "usage: scripts/ensure-redis.sh [--optional COMMAND...]" >&2
  exit 2
fi

log="$(mktemp "${TMPDIR:-/tmp}/ensure-redis-XXXXXX")"
trap 'rm -f "$log"' EXIT

# Daemons live in sbin on Debian, which is not on every user's PATH.
exists() { PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin" command -v "$1" >/dev/null 2>&1; }

as_root=()
may_be_root() {
  if [ "$(id -u)" = 0 ]; then
    as_root=()
  elif exists sudo && sudo -n true 2>/dev/null; then
    as_root=(sudo -n)
  else
    return 1
  fi
}

quietly() { "$@" </dev/null >>"$log" 2>&1; }

apt_install() {
  # env, because sudo drops the environment. The timeout is for the lock of another apt run.
  local apt=(${as_root[@]+"${as_root[@]}"} env DEBIAN_FRONTEND=noninteractive
    apt-get -qq -y -o DPkg::Lock::Timeout=120 -o Dpkg::Options::=--force-confold)
  quietly "${apt[@]}" install --no-install-recommends "$@" && return
  # The package lists are missing or old.
  quietly "${apt[@]}" update
  quietly "${apt[@]}" install --no-install-recommends "$@"
}

install() {
  : >"$log"
  if exists apt-get && may_be_root; then
    apt_install "$@"
  elif exists apk && may_be_root; then
    quietly ${as_root[@]+"${as_root[@]}"} apk add --no-cache --quiet "$@"
  elif exists dnf && may_be_root; then
    quietly ${as_root[@]+"${as_root[@]}"} dnf install --assumeyes --quiet "$@"
  elif exists brew && [ "$(id -u)" != 0 ]; then
    quietly env HOMEBREW_NO_AUTO_UPDATE=1 NONINTERACTIVE=1 brew install --quiet "$@"
  else
    return 1
  fi
}

# What the distribution calls the package that has redis-server.
redis_package() { if exists apt-get; then echo redis-server; else echo redis; fi; }

for name in ${optional[@]+"${optional[@]}"}; do
  exists "$name" && continue
  echo "installing $name (optional)" >&2
  install "$name" && exists "$name" || echo "$name is not here and could not be installed; going on without it" >&2
done

exists redis-server && exit 0
echo "installing $(redis_package)" >&2
install "$(redis_package)" && exists redis-server && exit 0

tail -n 5 "$log" >&2
cat >&2 <<'TEXT'

There is no redis-server on this machine, and it could not be installed without asking. Please install it (7 or newer):
  Debian, Ubuntu   sudo apt-get install redis-server
  Alpine           sudo apk add redis
  Fedora           sudo dnf install redis
  macOS            brew install redis
and run the same command again.
TEXT
exit 1
