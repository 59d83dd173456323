#!/usr/bin/env bash
# Traces of a real node, received by OTLP/HTTP and read by the protocol's own definition (PyPI's `opentelemetry-proto`).
set -euo pipefail
cd "$(dirname "$0")/../.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
echo '{"private":true}' >"$work/package.json"
(cd "$work" && npm install @opentelemetry/api@1.9.0 @opentelemetry/sdk-trace-base@2.2.0 @opentelemetry/resources@2.2.0 @opentelemetry/exporter-trace-otlp-http@0.208.0 --ignore-scripts --no-audit --no-fund >npm.log 2>&1) ||
  { echo "skipped: the libraries of OpenTelemetry cannot be installed here: $(tail -n 1 "$work/npm.log")"; exit 0; }
timeout 120 node tools/deploy/traces.mjs "$work"
{ python3 -m venv "$work/venv" && "$work/venv/bin/pip" -q install --disable-pip-version-check opentelemetry-proto==1.38.0; } >"$work/pip.log" 2>&1 ||
  { echo "skipped in part: the protocol's definition cannot be installed here: $(tail -n 1 "$work/pip.log")"; exit 0; }
"$work/venv/bin/python" - "$work" <<'P'
import glob, sys
from google.protobuf.json_format import Parse
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
spans = 0
for path in glob.glob(sys.argv[1] + "/otlp-*.json"):
    # Unknown fields and wrong types are refused. (Ids are hexadecimal in OTLP's JSON, and read as base64 here: only their form.)
    request = Parse(open(path).read(), ExportTraceServiceRequest())
    for resource in request.resource_spans:
        for scope in resource.scope_spans:
            for span in scope.spans:
                assert span.name and span.end_time_unix_nano >= span.start_time_unix_nano, span
                spans += 1
assert spans > 0
print(f"the protocol's own definition reads all {spans} spans")
P
