# What the scripts share: where things are, and how to step down from root. Sourced, never run.
# shellcheck shell=bash

set -euo pipefail
umask 022
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
cd "$root"

jobs=${QUIRE_JOBS:-$(nproc)}
if [ -z "${PG_CONFIG:-}" ]; then
  PG_CONFIG=pg_config
  [ -x /usr/lib/postgresql/15/bin/pg_config ] && PG_CONFIG=/usr/lib/postgresql/15/bin/pg_config
fi
export PG_CONFIG LC_ALL=C.UTF-8

fail() {
  printf '%s: %s\n' "$(basename "$0")" "$*" >&2
  exit 1
}

# The server refuses to run as root, so root steps down to the first of these that exists.
server_user() {
  if [ "$EUID" != 0 ]; then
    id -un
  elif getent passwd postgres >/dev/null; then
    echo postgres
  else
    echo nobody
  fi
}

# Runs a command as the user of the server, from a folder that user can stand in.
as_server_user() {
  if [ "$EUID" != 0 ]; then
    (cd / && exec "$@")
    return
  fi
  local user group
  user=$(server_user)
  group=$(id -g "$user")
  (cd / && exec env -u XDG_RUNTIME_DIR HOME=/nonexistent USER="$user" LOGNAME="$user" \
    setpriv --reuid="$user" --regid="$group" --init-groups -- "$@")
}

# A folder for servers and their data: in the build tree, or, where the user of the server cannot
# reach the clone, under /var/tmp with a name that belongs to this clone.
state_directory() {
  local directory=$root/build/server
  if [ "$EUID" = 0 ] && ! as_server_user test -r "$root/Makefile"; then
    directory=/var/tmp/quire-$EUID-$(printf '%s' "$root" | cksum | cut -d ' ' -f 1)
  fi
  mkdir -p "$directory"
  # In /var/tmp anybody may have made a folder of that name before us.
  [ -O "$directory" ] && [ ! -L "$directory" ] || fail "$directory belongs to somebody else"
  printf '%s\n' "$directory"
}

# Makes a folder that belongs to the user of the server, and to nobody else.
server_directory() {
  mkdir -p -m 700 "$1"
  [ "$EUID" != 0 ] || chown "$(server_user):" "$1"
}

# A clock, and the seconds since an earlier value of it.
now_ms() { date +%s%3N; }
seconds_since() {
  awk -v from="$1" -v to="$(now_ms)" 'BEGIN { printf "%.1f", (to - from) / 1000 }'
}
