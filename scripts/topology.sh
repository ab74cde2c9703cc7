#!/usr/bin/env bash
# The topology of docker-compose.yml as plain processes on 127.0.0.1: Redis, mini-marathon, two routers, two scalers, and
# HAProxy in front of the routers where it is installed. Runs until Ctrl-C, then stops all it started, instances included.
#
#   scripts/topology.sh [--port N] [--data-dir DIR]
#
#   --port N        of the front (HAProxy; without it, of the first router). Default: a free one.
#   --data-dir DIR  keeps state and logs there. Default: a temporary directory, removed at the end.
#
# Prints the URLs, and as its last line before it waits: "ready". DIR/topology.json says the same to programs, with the
# process ids. Other settings go through the environment (WAITER_..., see docs/reference/configuration.md).
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
port=0
data_dir=

usage() { sed -n '2,11s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; }
while (($#)); do
  case $1 in
    --port) port=${2:?--port needs a number}; shift 2 ;;
    --data-dir) data_dir=${2:?--data-dir needs a directory}; shift 2 ;;
    --help | -h) usage; exit 0 ;;
    *) echo "unknown argument $1" >&2; usage >&2; exit 2 ;;
  esac
done

waiter=$root/packages/cli/bin/waiter.js
[[ -f $root/packages/cli/dist/main.js ]] || { echo "build first: npm run build" >&2; exit 1; }
command -v redis-server >/dev/null || { echo "redis-server is not installed" >&2; exit 1; }

temporary=
if [[ -z $data_dir ]]; then
  data_dir=$(mktemp -d "${TMPDIR:-/tmp}/waiter-topology.XXXXXX")
  temporary=1
fi
mkdir -p "$data_dir"/{logs,redis,mini-marathon}
data_dir=$(cd "$data_dir" && pwd)

# Ports that are free now, all different because all are held until all are known.
mapfile -t ports < <(node -e '
  const { createServer } = require("node:net");
  const listen = () => new Promise((done) => { const s = createServer().listen(0, "127.0.0.1", () => done(s)); });
  Promise.all(Array.from({ length: 5 }, listen)).then((servers) => {
    for (const server of servers) { console.log(server.address().port); server.close(); }
  });')
redis_port=${ports[0]} marathon_port=${ports[1]} router_1_port=${ports[2]} router_2_port=${ports[3]}
front_port=${ports[4]}
((port == 0)) || front_port=$port
has_haproxy=1
command -v haproxy >/dev/null || has_haproxy=
[[ -n $has_haproxy ]] || { router_1_port=$front_port; }

declare -A pids=()
order=()

# start NAME COMMAND...: in a session of its own, so that Ctrl-C reaches only this script, which stops all in order.
start() {
  local name=$1; shift
  setsid "$@" </dev/null >>"$data_dir/logs/$name.log" 2>&1 &
  pids[$name]=$!
  order=("$name" "${order[@]}")
}

running() { kill -0 "$1" 2>/dev/null; }

# stop NAME SECONDS [SIGNAL]: the signal, then SIGKILL for what does not end in time.
stop() {
  local name=$1 pid=${pids[$1]} deadline=$((SECONDS + $2))
  running "$pid" || return 0
  kill -"${3:-TERM}" "$pid" 2>/dev/null || true
  while running "$pid" && ((SECONDS < deadline)); do sleep 0.05; done
  if running "$pid"; then
    echo "$name does not end: killing it" >&2
    kill -KILL "$pid" 2>/dev/null || true
  fi
}

stopped=
sleeper=
stop_all() {
  [[ -z $stopped ]] || return 0
  stopped=1
  trap '' INT TERM
  # From the front to the back: what is in flight still finds what it needs.
  # HAProxy lets its streams end when it is asked by SIGUSR1.
  for name in "${order[@]}"; do
    if [[ $name == haproxy ]]; then stop haproxy 10 USR1; else stop "$name" 40; fi
  done
  [[ -z $sleeper ]] || kill "$sleeper" 2>/dev/null || true
  if [[ -n $temporary ]]; then rm -rf "$data_dir"; else rm -f "$data_dir/topology.json"; fi
}
trap stop_all EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# await NAME CONDITION...: until the condition holds; ends everything when the process ended or 30 s passed.
await() {
  local name=$1 deadline=$((SECONDS + 30)); shift
  until "$@"; do
    if ! running "${pids[$name]}" || ((SECONDS > deadline)); then
      echo "$name did not start:" >&2
      tail -n 20 "$data_dir/logs/$name.log" >&2
      exit 1
    fi
    sleep 0.05
  done
}

# The shell's own sockets, so that neither curl nor redis-cli is needed.
redis_answers() {
  local reply
  { exec 3<>"/dev/tcp/127.0.0.1/$1"; } 2>/dev/null || return 1
  printf 'PING\r\n' >&3
  IFS= read -r -t 1 reply <&3 || reply=
  exec 3<&- 3>&-
  [[ $reply == +PONG* ]]
}
http_ok() {
  local reply
  { exec 3<>"/dev/tcp/127.0.0.1/$1"; } 2>/dev/null || return 1
  printf 'GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' "$2" >&3
  IFS= read -r -t 2 reply <&3 || reply=
  exec 3<&- 3>&-
  [[ $reply == "HTTP/1.1 200"* ]]
}

start redis redis-server --bind 127.0.0.1 --port "$redis_port" --dir "$data_dir/redis" --save '' \
  --appendonly yes --appendfsync everysec --maxmemory-policy noeviction
await redis redis_answers "$redis_port"

export WAITER_REDIS_URL=redis://127.0.0.1:$redis_port
export WAITER_MARATHON_URLS=http://127.0.0.1:$marathon_port
export WAITER_DATA_DIR=$data_dir

start mini-marathon env WAITER_MINI_MARATHON_HOST=127.0.0.1 WAITER_MINI_MARATHON_PORT="$marathon_port" \
  WAITER_MINI_MARATHON_DATA_DIR="$data_dir/mini-marathon" node "$waiter" mini-marathon
await mini-marathon http_ok "$marathon_port" /ping

for n in 1 2; do start "scaler-$n" node "$waiter" scaler; done
for n in 1 2; do
  router_port=router_${n}_port
  start "router-$n" env WAITER_ROUTER_ID="router-$n" WAITER_ROUTER_HOST=127.0.0.1 WAITER_ROUTER_PORT="${!router_port}" \
    WAITER_ROUTER_URL="http://127.0.0.1:${!router_port}" node "$waiter" router
done
await router-1 http_ok "$router_1_port" /status
await router-2 http_ok "$router_2_port" /status

if [[ -n $has_haproxy ]]; then
  start haproxy env FRONT_BIND="127.0.0.1:$front_port" ROUTER_1_ADDRESS="127.0.0.1:$router_1_port" \
    ROUTER_2_ADDRESS="127.0.0.1:$router_2_port" haproxy -db -f "$root/infra/haproxy/haproxy.cfg"
  await haproxy http_ok "$front_port" /status
else
  echo "haproxy is not installed (Debian: apt-get install haproxy): use the routers directly" >&2
fi

pid_list=
for name in redis mini-marathon scaler-1 scaler-2 router-1 router-2 ${has_haproxy:+haproxy}; do
  pid_list+="${pid_list:+, }\"$name\": ${pids[$name]}"
done
cat >"$data_dir/topology.json.new" <<JSON
{
  "front": "http://127.0.0.1:$front_port",
  "routers": ["http://127.0.0.1:$router_1_port", "http://127.0.0.1:$router_2_port"],
  "marathon": "http://127.0.0.1:$marathon_port",
  "redis": "redis://127.0.0.1:$redis_port",
  "logs": "$data_dir/logs",
  "pids": { $pid_list }
}
JSON
mv "$data_dir/topology.json.new" "$data_dir/topology.json"

cat <<TEXT
front          http://127.0.0.1:$front_port${has_haproxy:+  (HAProxy)}
routers        http://127.0.0.1:$router_1_port  http://127.0.0.1:$router_2_port
mini-marathon  http://127.0.0.1:$marathon_port
redis          redis://127.0.0.1:$redis_port
logs           $data_dir/logs
ready
TEXT

# A process that ends is not started again: who tests failures wants to see what the others do.
sleep infinity &
sleeper=$!
wait "$sleeper"
