#!/usr/bin/env bash
# A node behind a proxy with TLS: a stream of blocks goes in, a search comes out, a second node follows as a peer over wss.
# Usage: smoke.sh caddy|nginx
set -euo pipefail
proxy=$1
root=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
pids=()
trap 'kill "${pids[@]}" 2>/dev/null || true; wait 2>/dev/null || true; rm -rf "$work"' EXIT
cosmic() { NODE_EXTRA_CA_CERTS="$work/ca.pem" node "$root/cli/bin/cosmic.js" --home "$work/home" "$@"; }
free_port() { node -e 'const s=require("net").createServer().listen(0,"127.0.0.1",()=>{console.log(s.address().port);s.close()})'; }
until_true() { for _ in $(seq 150); do "$@" >/dev/null 2>&1 && return; sleep 0.2; done; echo "gave up: $*" >&2; return 1; }

node_port=$(free_port) tls_port=$(free_port) other_port=$(free_port)

node "$root/node/bin/cosmic-node.js" start --data "$work/one" --port "$node_port" --log warn >"$work/one.out" 2>"$work/one.log" &
pids+=($!)
until_true curl -fs "http://127.0.0.1:$node_port/health"

case $proxy in
caddy)
  { printf '{\n\tadmin off\n\thttp_port %s\n\thttps_port %s\n\tskip_install_trust\n\tstorage file_system %s\n}\n' "$(free_port)" "$tls_port" "$work/caddy"
    cat "$root/deploy/proxy/Caddyfile"; } >"$work/Caddyfile"
  COSMIC_NAME=localhost COSMIC_UPSTREAM="127.0.0.1:$node_port" caddy run --config "$work/Caddyfile" --adapter caddyfile >"$work/proxy.log" 2>&1 &
  pids+=($!)
  until_true test -s "$work/caddy/pki/authorities/local/root.crt"
  cp "$work/caddy/pki/authorities/local/root.crt" "$work/ca.pem"
  ;;
nginx)
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost \
    -keyout "$work/key.pem" -out "$work/ca.pem" 2>/dev/null
  sed -e "s#/etc/ssl/certs/node.example.pem#$work/ca.pem#; s#/etc/ssl/private/node.example.key#$work/key.pem#" \
    -e "s#127.0.0.1:8080#127.0.0.1:$node_port#; s#listen 443#listen 127.0.0.1:$tls_port#; s#node.example#localhost#" \
    "$root/deploy/proxy/nginx.conf" >"$work/site.conf"
  printf 'daemon off; pid %s/nginx.pid; error_log %s/proxy.log; worker_processes 1;\nevents {}\nhttp { access_log off; client_body_temp_path %s/b; proxy_temp_path %s/p; fastcgi_temp_path %s/f; uwsgi_temp_path %s/u; scgi_temp_path %s/s; include %s/site.conf; }\n' \
    "$work" "$work" "$work" "$work" "$work" "$work" "$work" "$work" >"$work/nginx.conf"
  nginx -t -c "$work/nginx.conf" -e "$work/proxy.log"
  nginx -c "$work/nginx.conf" -e "$work/proxy.log" &
  pids+=($!)
  ;;
*) echo "smoke.sh caddy|nginx" >&2; exit 2 ;;
esac
url=https://localhost:$tls_port
until_true curl -fs --cacert "$work/ca.pem" "$url/health"

[ "$(curl -s -o /dev/null -w '%{http_code}' --cacert "$work/ca.pem" "$url/metrics")" = 404 ] || { echo "the proxy shows /metrics to strangers"; exit 1; }
cosmic init --json >/dev/null
cosmic publish "$root/specs" --node "$url" --json >"$work/published"
cosmic search "how is a block signed?" --node "$url" --json >"$work/found"
node -e '
  const found = JSON.parse(require("fs").readFileSync(process.argv[1], "utf8"));
  if (!(found.hits?.length > 0)) { console.error("no hits through the proxy"); process.exit(1); }' "$work/found"

NODE_EXTRA_CA_CERTS="$work/ca.pem" node "$root/node/bin/cosmic-node.js" start --data "$work/two" --port "$other_port" --peer "$url" --log warn \
  >"$work/two.out" 2>"$work/two.log" &
pids+=($!)
blocks() { curl -fs "http://127.0.0.1:$1/v2/status" | node -e 'process.stdin.setEncoding("utf8").on("data", (x) => (globalThis.t = (globalThis.t ?? "") + x)).on("end", () => console.log(JSON.parse(t).head.count))'; }
same() { [ "$(blocks "$node_port")" -gt 0 ] && [ "$(blocks "$node_port")" = "$(blocks "$other_port")" ]; }
until_true same || { tail -n 5 "$work"/*.log; exit 1; }
echo "$proxy: $(blocks "$node_port") blocks in through TLS, found, and on the second node over wss"
