#!/usr/bin/env bash
# deploy/: every example is read by the program it is for, and a node works behind both proxies.
set -euo pipefail
cd "$(dirname "$0")/../.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
skipped() { echo "skipped: $1"; }
if command -v apt-get >/dev/null && [ "$(id -u)" -eq 0 ]; then
  wanted=(caddy nginx-light systemd prometheus python3-venv curl openssl)
  dpkg -s "${wanted[@]}" >/dev/null 2>&1 ||
    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${wanted[@]}"; } >"$work/apt.log" 2>&1 || tail -n 3 "$work/apt.log"
fi

if command -v systemd-analyze >/dev/null; then
  # The one complaint left on a machine without Node in /usr/bin would be about ExecStart: it goes through env.
  systemd-analyze verify deploy/systemd/*.service deploy/systemd/*.timer
  for unit in deploy/systemd/*.service; do systemd-analyze security --offline=true --threshold=25 "$unit" | tail -n 1; done
else skipped 'no systemd-analyze'; fi

if command -v promtool >/dev/null && [ -e deploy/monitoring/alerts.yml ]; then
  (cd deploy/monitoring && promtool check config --syntax-only prometheus.yml && promtool check rules alerts.yml && promtool test rules alerts.test.yml recorded.test.yml)
else skipped 'no promtool'; fi

if python3 -m venv "$work/venv" 2>/dev/null && "$work/venv/bin/pip" -q install kubernetes-validate jsonschema pyyaml 2>"$work/pip.log"; then
  # The schema of the compose specification, as the program's last Python edition carries it.
  "$work/venv/bin/pip" -q download --no-deps --no-binary :none: -d "$work" docker-compose==1.29.2
  (cd "$work" && python3 -m zipfile -e docker_compose-1.29.2-*.whl compose)
  "$work/venv/bin/python" tools/deploy/check_manifests.py "$work/compose/compose/config/compose_spec.json"
else skipped 'no Python packages'; tail -n 1 "$work/pip.log"; fi

if command -v caddy >/dev/null; then COSMIC_NAME=node.example caddy validate --config deploy/proxy/Caddyfile --adapter caddyfile 2>&1 | tail -n 1; fi
for proxy in caddy nginx; do
  if command -v "$proxy" >/dev/null; then timeout 120 bash tools/deploy/smoke.sh "$proxy" 2>"$work/$proxy.log" || { cat "$work/$proxy.log"; exit 1; }
  else skipped "no $proxy"; fi
done
if command -v prometheus >/dev/null; then timeout 120 node tools/deploy/dashboard.mjs; else skipped 'no prometheus'; fi
