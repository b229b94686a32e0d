#!/bin/sh
# Takes a gateway out of nginx, or puts it in again, so that it is restarted without a lost request:
#   nginx-restart.sh out /etc/nginx/conf.d/dropgate.conf 127.0.0.1:8081
#   systemctl restart dropgate-1
#   nginx-restart.sh in /etc/nginx/conf.d/dropgate.conf 127.0.0.1:8081      # waits until it is ready
# NGINX names another nginx, with its options.
set -eu
if [ $# -ne 3 ] || ! grep -q "server $3[ ;]" "$2"; then
  echo 'Usage: nginx-restart.sh out|in <file with the upstream> <address:port that is in it>' >&2
  exit 2
fi
half=$1 file=$2 address=$3

mark() { # $1: what follows the address
  sed "s/server $address\( down\)\{0,1\}\([ ;]\)/server $address$1\2/" "$file" >"$file.new"
  cat "$file.new" >"$file"
  rm "$file.new"
  ${NGINX:-nginx} -s reload
}

case $half in
  out) mark ' down' ;;
  in)
    tries=0
    until curl -sf "http://$address/readyz" >/dev/null; do
      tries=$((tries + 1))
      if [ "$tries" -ge 120 ]; then
        echo "The gateway at $address is not ready after 60 s. It stays out." >&2
        exit 1
      fi
      sleep 0.5
    done
    mark ''
    ;;
  *)
    echo 'Say out or in.' >&2
    exit 2
    ;;
esac
