# listening FILE [PID]: the address that a program wrote there; waits two minutes for it, not for a program that has ended
listening() {
  local url=
  for _ in $(seq 1200); do
    url=$(sed -n 's/.*"listening":"\([^"]*\)".*/\1/p' "$1" 2>/dev/null || true)
    if [ -n "$url" ]; then
      echo "$url"
      return
    fi
    [ -z "${2:-}" ] || kill -0 "$2" 2>/dev/null || break
    sleep 0.1
  done
  echo "nothing listens: $1" >&2
  return 1
}
