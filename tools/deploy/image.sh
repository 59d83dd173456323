#!/usr/bin/env bash
# The image of deploy/container, built and started where no container engine runs: Debian's `buildah` without namespaces (`--isolation chroot`) on a base of
# `debootstrap` with this machine's Node; then its root file system read-only, as the image's user, with /data and /tmp alone to write to.
# Usage, as root: bash tools/deploy/image.sh [FOLDER]      (some minutes and 3 GB; an earlier run's base in FOLDER is used again)
set -euo pipefail
cd "$(dirname "$0")/../.."
work=$(realpath -m "${1:-/tmp/cosmic-image}")
mkdir -p "$work"
[ "$(id -u)" -eq 0 ] || { echo 'needs root: debootstrap and chroot'; exit 1; }
for program in buildah debootstrap unshare; do command -v "$program" >/dev/null || { echo "skipped: no $program (apt-get install buildah debootstrap)"; exit 0; }; done
export BUILDAH_ISOLATION=chroot
store=(--root "$work/store" --runroot "$work/run")

if [ ! -e "$work/base/.whole" ]; then
  rm -rf "$work/base"
  timeout 1200 debootstrap --variant=minbase --include=ca-certificates bookworm "$work/base" >"$work/debootstrap.log"
  touch "$work/base/.whole"
fi
node=$(node -p process.execPath)
install -m 755 "$node" "$work/base/usr/local/bin/node"
npm=$(dirname "$(realpath "$(command -v npm)")")/..
mkdir -p "$work/base/usr/local/lib/node_modules"
cp -a "$(realpath "$npm")" "$work/base/usr/local/lib/node_modules/"
ln -sf ../lib/node_modules/npm/bin/npm-cli.js "$work/base/usr/local/bin/npm"
# Node's headers, for native parts that have to be compiled; a machine's own certificates and settings of npm are lent to the build, and stay out of the image.
[ ! -d "$(dirname "$node")/../include/node" ] || { mkdir -p "$work/base/usr/local/include"; cp -a "$(dirname "$node")/../include/node" "$work/base/usr/local/include/"; }
mkdir -p "$work/npm"
lent=(--volume "$work/npmrc:/root/.npmrc:ro" --volume "$work/npm:/root/.npm")
{ grep -v '^nodedir' ~/.npmrc 2>/dev/null || true; echo 'nodedir=/usr/local'; } >"$work/npmrc"
if [ -n "${NODE_EXTRA_CA_CERTS:-}" ]; then
  lent+=(--volume "$NODE_EXTRA_CA_CERTS:/lent-ca.pem:ro")
  echo 'cafile=/lent-ca.pem' >>"$work/npmrc"
fi

# A base made anew would make every layer above it anew.
if ! buildah "${store[@]}" inspect --type image localhost/base >/dev/null 2>&1; then
  base=$(buildah "${store[@]}" from scratch)
  buildah "${store[@]}" add --quiet "$base" "$work/base" / >/dev/null
  buildah "${store[@]}" commit --quiet --rm "$base" localhost/base >/dev/null
fi
started=$SECONDS
timeout 3000 buildah "${store[@]}" bud --layers --format docker --quiet --network host "${lent[@]}" --build-arg BASE=localhost/base -f deploy/container/Containerfile -t cosmicembeddings/node . >"$work/build.log" 2>&1 ||
  { tail -n 30 "$work/build.log"; exit 1; }
built=$((SECONDS - started))

container=$(buildah "${store[@]}" from --pull-never cosmicembeddings/node)
root=$(buildah "${store[@]}" mount "$container")
# `unshare` itself ignores being told to end: its child is the node.
trap '[ -z "${pid:-}" ] || pkill -P "$pid" || true; wait 2>/dev/null || true; buildah "${store[@]}" umount "$container" >/dev/null; buildah "${store[@]}" rm "$container" >/dev/null' EXIT
buildah "${store[@]}" inspect --type image cosmicembeddings/node >"$work/image.json"
of_image() { node -p "const { config } = JSON.parse(require('fs').readFileSync('$work/image.json')).Docker; $1"; }
echo "image: $(of_image 'JSON.stringify([config.User, config.Entrypoint, config.Cmd])')"
[ "$(of_image config.User)" = 10001:10001 ] || { echo 'the image runs as root'; exit 1; }
! grep -rqs . "$root/root/.npmrc" || { echo 'settings of the machine are in the image'; exit 1; }
node -e "const sbom = JSON.parse(require('fs').readFileSync('$root/app/sbom.json')); if (sbom.bomFormat !== 'CycloneDX' || sbom.components.length < 50) process.exit(1); console.log('SBOM: ' + sbom.components.length + ' components')"

# As an engine would: the root read-only, /data and /tmp to write to, the image's user, nothing of this machine's environment.
rm -rf "$work/data"
install -d -o 10001 -g 10001 -m 700 "$work/data"
port=$(node -e "const s=require('net').createServer().listen(0,'127.0.0.1',()=>{console.log(s.address().port);s.close()})")
cat >"$work/start.sh" <<S
set -e
mount --bind "$root" "$root"
mount --bind "$work/data" "$root/data"
mount -t tmpfs tmpfs "$root/tmp"
mount -t proc proc "$root/proc"
mount -o remount,bind,ro "$root"
exec env -i PATH=/usr/local/bin:/usr/bin:/bin HOME=/tmp NODE_ENV=production /usr/sbin/chroot --userspec=10001:10001 "$root" "\$@"
S
within() { unshare --mount --fork --kill-child sh "$work/start.sh" "$@"; }
unshare --mount --fork --kill-child sh "$work/start.sh" node /app/node/bin/cosmic-node.js start --data /data --host 127.0.0.1 --port "$port" >"$work/node.out" 2>"$work/node.log" &
pid=$!
for _ in $(seq 300); do curl -sf "http://127.0.0.1:$port/health" >/dev/null && break; kill -0 "$pid" || { cat "$work/node.log"; exit 1; }; sleep .2; done
curl -sf "http://127.0.0.1:$port/" | grep -q '<title>' || { echo 'the image brings no page'; exit 1; }
ps -eo uid,args | grep '[c]osmic-node.js start --data /data' | grep -v -e unshare -e chroot | awk '{print $1}' | grep -qx 10001 || { echo 'it does not run as 10001'; exit 1; }
# Its health check, as written, against this port.
check=$(of_image 'config.Healthcheck.Test.at(-1)')
within node -e "${check//8080/$port}" && echo 'health check: well'
if within node -e "require('fs').writeFileSync('/app/x', '')" 2>/dev/null; then echo 'the root can be written to'; exit 1; fi
within node -e "require('fs').writeFileSync('/tmp/x', '')"
echo 'The kiln is fired at night.' >"$work/data/kiln.md"
cosmic() { within node /app/cli/bin/cosmic.js --home /data/home "$@"; }
cosmic init >/dev/null
cosmic publish /data/kiln.md --node "http://127.0.0.1:$port" >/dev/null 2>&1
cosmic search kiln --node "http://127.0.0.1:$port" | grep -q 'kiln is fired' || { echo 'what was published is not found'; exit 1; }
echo "image: built by $(buildah --version | cut -d' ' -f1-3), starts as 10001 on a read-only root; page, publish and search work; $(du -sm "$root" | cut -f1) MB, /app $(du -sm "$root/app" | cut -f1) MB, $built s to build"
