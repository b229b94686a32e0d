#!/bin/sh
# Makes the secrets that deploy/compose.yaml needs, in the folder that is named. What is there stays.
# Postgres, Prometheus and Grafana run as other users than you: their files may be read by all, in a folder that is yours alone.
set -eu
if [ $# -ne 1 ]; then
  echo 'Name the folder for the secrets: make-secrets.sh <folder>' >&2
  exit 2
fi
folder=$1
umask 077
mkdir -p "$folder"
chmod 700 "$folder"

random() { # $1: bytes
  head -c "$1" /dev/urandom | base64 | tr -d '\n=' | tr '+/' '-_'
}
keep() { # $1: file, $2: text
  if [ -e "$folder/$1" ]; then
    echo "kept  $folder/$1"
  else
    printf '%s\n' "$2" >"$folder/$1"
    chmod 644 "$folder/$1"
    echo "made  $folder/$1"
  fi
}

keep postgres-password "$(random 24)"
keep grafana-password "$(random 24)"
# Until it is replaced by a key of the role `metrics`, Prometheus is refused.
keep metrics-key none-yet
keep gateway.env "GATEWAY_STORE_URL=postgres://dropgate:$(cat "$folder/postgres-password")@postgres:5432/dropgate"
chmod 600 "$folder/gateway.env"
