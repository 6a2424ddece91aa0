#!/usr/bin/env bash
# Builds the image and lives with it for two minutes: alone, then beside a Neo4j as docker-compose.yml has it.
#
#   test/e2e/compose.sh        needs a Docker Engine and the images node:26-slim and neo4j:5
#
# Prints a line for each thing it has seen to hold; at the first that does not, it shows the logs and ends with 1.
# Nothing in the checkout is changed: settings and vault are copies, containers and volumes have names of their own.
set -euo pipefail
cd "$(dirname "$0")/../.."

if ! docker info >/dev/null 2>&1; then
  echo "skipped: no Docker"
  exit 0
fi
if docker compose version >/dev/null 2>&1; then compose=(docker compose); else compose=(docker-compose); fi

image=aclarai-scheduler
most_mb=100
name=aclarai-e2e-$$
work=$(mktemp -d)

export COMPOSE_PROJECT_NAME=$name
export SETTINGS_DIR=$work/settings VAULT_PATH=$work/vault NEO4J_PASSWORD=e2e-password
export NEO4J_HTTP_PORT=${E2E_HTTP_PORT:-17474} NEO4J_BOLT_PORT=${E2E_BOLT_PORT:-17687}
unset AUTOMATION_PAUSE LOG_LEVEL

clean_up() {
  docker rm -f -v "$name-plain" "$name-strict" >/dev/null 2>&1 || true
  "${compose[@]}" down -v --remove-orphans >/dev/null 2>&1 || true
  docker volume rm -f "$name-strict" >/dev/null 2>&1 || true
  rm -rf "$work"
}
trap clean_up EXIT

ok() { echo "ok: $*"; }

fail() {
  echo "FAILED: $*" >&2
  for container in $(docker ps -aq --filter "name=$name"); do
    docker inspect -f '--- {{.Name}} {{.State.Status}} {{json .State.Health}}' "$container" >&2
    docker logs --tail 40 "$container" >&2 2>&1
  done
  exit 1
}

# within SECONDS WHAT COMMAND…: the command holds before the time is over
within() {
  local seconds=$1 what=$2
  shift 2
  local end=$((SECONDS + seconds))
  until "$@" >/dev/null 2>&1; do
    [ "$SECONDS" -lt "$end" ] || fail "$what (not within $seconds s)"
    sleep 0.5
  done
  ok "$what"
}

size_mb() { echo $(($(docker image inspect -f '{{.Size}}' "$1") / 1000000)); }
healthy() { [ "$(docker inspect -f '{{.State.Health.Status}}' "$1")" = healthy ]; }
exit_code() { docker inspect -f '{{.State.ExitCode}}' "$1"; }
# Into a variable first: `logs | grep -q` would end the writer by a closed pipe, and with it, under pipefail, the check.
logged() { local all; all=$(docker logs "$1" 2>&1) && grep -qE "$2" <<<"$all"; }
count_logged() { local all; all=$(docker logs "$1" 2>&1) && grep -cE "$2" <<<"$all" || true; }
logged_more() { [ "$(count_logged "$1" "$2")" -gt "$3" ]; }

# --- the image ---

docker build -q -t "$image" . >/dev/null 2>"$work/build.log" || { cat "$work/build.log" >&2; fail "the image is built"; }
ok "the image is built"

over=$(($(size_mb "$image") - $(size_mb node:26-slim)))
[ "$over" -le "$most_mb" ] || fail "the image is $over MB over its base, at most $most_mb are wanted"
ok "the image is $over MB over its base (at most $most_mb)"

docker run --rm "$image" sh -c '! ls -d node_modules/node node_modules/vitest node_modules/typescript .env settings/.env' \
  >/dev/null 2>&1 || fail "no dev dependency and no .env is in the image"
ok "no dev dependency and no .env is in the image"

# --- alone ---

# A run of the sync that ended well, whatever the order of the fields.
sync='"job_name":"vault_sync".*"success":true|"success":true.*"job_name":"vault_sync"'

docker run -d --name "$name-plain" "$image" >/dev/null
docker run -d --name "$name-strict" --read-only --user 12345 --cap-drop ALL --tmpfs /tmp -v "$name-strict:/data" "$image" >/dev/null
for each in plain strict; do
  container=$name-$each
  within 60 "$each: the first sync ends well" logged "$container" "$sync"
  within 60 "$each: healthy" healthy "$container"
  logged "$container" '"graph":"embedded' || fail "$each: the graph is the embedded one"
  docker exec "$container" aclarai-scheduler status --json | grep -q '"state": "running"' || fail "$each: status says running"
  ok "$each: the command line is on the path, status says running"
  docker stop -t 20 "$container" >/dev/null
  [ "$(exit_code "$container")" = 0 ] || fail "$each: stops with 0, not $(exit_code "$container")"
  logged "$container" '"msg":"stopped"' || fail "$each: says that it stopped"
  ok "$each: stops with 0"
done
docker start "$name-strict" >/dev/null
within 30 "strict: the second start finds its state, nothing is new" \
  logged "$name-strict" '"blocks_new":0,'
docker rm -f -v "$name-plain" "$name-strict" >/dev/null

# --- beside a Neo4j ---

cp -r settings "$work/settings"
cp -r examples/vault "$work/vault"
rm -f "$work/settings/.env"
echo 'AUTOMATION_PAUSE=false' >"$work/settings/.env"
chmod -R a+rX "$work/settings" "$work/vault"
settings=$work/settings/aclarai.config.yaml

"${compose[@]}" up -d >"$work/up.log" 2>&1 || { cat "$work/up.log" >&2; fail "compose: comes up"; }
scheduler=$("${compose[@]}" ps -q aclarai-scheduler)
neo4j=$("${compose[@]}" ps -q neo4j)
cli() { "${compose[@]}" exec -T aclarai-scheduler aclarai-scheduler "$@"; }

healthy "$neo4j" || fail "compose: the scheduler waits for a healthy Neo4j"
ok "compose: the scheduler waits for a healthy Neo4j"
within 60 "compose: the first sync ends well" logged "$scheduler" "$sync"
within 60 "compose: the scheduler is healthy" healthy "$scheduler"
logged "$scheduler" '"graph":"neo4j' || fail "compose: the graph is Neo4j"

blocks=$(docker logs "$scheduler" 2>&1 | sed -nE 's/.*"blocks_new":([0-9]+).*/\1/p' | sed -n 1p)
nodes=$("${compose[@]}" exec -T aclarai-scheduler node --input-type=module -e '
  import neo4j from "neo4j-driver";
  const { NEO4J_HOST, NEO4J_USER, NEO4J_PASSWORD } = process.env;
  const driver = neo4j.driver(`bolt://${NEO4J_HOST}:7687`, neo4j.auth.basic(NEO4J_USER, NEO4J_PASSWORD));
  const { records } = await driver.executeQuery("MATCH (b:Block) WHERE b.needs_reprocessing RETURN count(b) AS n");
  console.log(String(records[0].get("n")));
  await driver.close();')
[ "${blocks:-0}" -gt 0 ] && [ "$blocks" = "$nodes" ] || fail "compose: Neo4j has the $blocks new blocks, not $nodes"
ok "compose: Neo4j has the $blocks blocks of the vault"

# An editor's save: another file takes the place of the old one.
sed -i 's|cron: "\*/30 \* \* \* \*"|cron: "* * * * * *"|' "$settings"
within 30 "settings edited while it runs are applied" logged "$scheduler" '"msg":"settings applied"'
within 30 "the new schedule holds" logged_more "$scheduler" "$sync" 2

sed -i 's/AUTOMATION_PAUSE=false/AUTOMATION_PAUSE=true/' "$work/settings/.env"
within 30 "AUTOMATION_PAUSE=true in settings/.env pauses" logged "$scheduler" '"msg":"paused by .*AUTOMATION_PAUSE'
is_paused() { cli status --json | grep -q '"state": "paused"'; }
within 30 "status says paused" is_paused
is_recorded() { cli history vault_sync --status skipped --json | grep -q '"reason": "paused"'; }
within 30 "the slot in the pause is recorded as skipped: paused" is_recorded

sed -i 's/AUTOMATION_PAUSE=true/AUTOMATION_PAUSE=false/' "$work/settings/.env"
within 30 "the pause is lifted" logged "$scheduler" '"msg":"no longer paused by'
within 30 "runs go on after the pause" logged_more "$scheduler" "$sync" "$(count_logged "$scheduler" "$sync")"

cp "$settings" "$work/good.yaml"
head -c "$(($(wc -c <"$settings") / 2))" "$work/good.yaml" | sed '$s/$/ {/' >"$settings"
within 30 "a torn settings file is refused" logged "$scheduler" '"msg":"settings refused, the last good ones stay'
within 30 "the last good settings stay in force" logged_more "$scheduler" "$sync" "$(count_logged "$scheduler" "$sync")"
sed 's|cron: "\* \* \* \* \* \*"|cron: "*/30 * * * *"|' "$work/good.yaml" >"$settings"
within 30 "a whole file is applied again" logged_more "$scheduler" '"msg":"settings applied"' 1

began=$SECONDS
"${compose[@]}" stop aclarai-scheduler >/dev/null 2>&1
took=$((SECONDS - began))
[ "$took" -le 20 ] || fail "the scheduler stops in $took s"
[ "$(exit_code "$scheduler")" = 0 ] || fail "the scheduler stops with 0, not $(exit_code "$scheduler")"
ok "the scheduler stops with 0 within its grace ($took s)"

"${compose[@]}" down -v >/dev/null 2>&1
[ -z "$(docker volume ls -q --filter "name=${name}_")" ] || fail "down -v leaves nothing behind"
ok "down -v leaves nothing behind"
echo "compose: ok"
