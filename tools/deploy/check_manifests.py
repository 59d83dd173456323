"""Checks deploy/kubernetes and deploy/compose against the schemas of the programs that read them.

Usage: check_manifests.py COMPOSE_SCHEMA.json
"""

import json
import pathlib
import sys

import jsonschema
import kubernetes_validate
import yaml

root = pathlib.Path(__file__).resolve().parents[2] / "deploy"
faults = []

# What the Prometheus operator's CRD demands of the fields that we use (monitoring.coreos.com/v1).
SERVICE_MONITOR = {
    "type": "object",
    "required": ["apiVersion", "kind", "metadata", "spec"],
    "properties": {
        "spec": {
            "type": "object",
            "required": ["selector", "endpoints"],
            "additionalProperties": False,
            "properties": {
                "selector": {
                    "type": "object",
                    "additionalProperties": False,
                    "properties": {"matchLabels": {"type": "object", "additionalProperties": {"type": "string"}}},
                },
                "endpoints": {
                    "type": "array",
                    "minItems": 1,
                    "items": {
                        "type": "object",
                        "additionalProperties": False,
                        "properties": {
                            "port": {"type": "string"},
                            "path": {"type": "string", "pattern": "^/"},
                            "interval": {"type": "string", "pattern": "^[0-9]+(ms|s|m|h)$"},
                        },
                    },
                },
            },
        }
    },
}

kustomization = yaml.safe_load((root / "kubernetes/kustomization.yaml").read_text())
files = {path.name for path in (root / "kubernetes").glob("*.yaml")} - {"kustomization.yaml"}
if files != set(kustomization["resources"]):
    faults.append(f"kustomization.yaml lists {kustomization['resources']}, the folder holds {sorted(files)}")
objects = []
for name in kustomization["resources"]:
    for document in yaml.safe_load_all((root / "kubernetes" / name).read_text()):
        objects.append(document)
        label = f"{name}: {document['kind']} {document['metadata']['name']}"
        try:
            if document["kind"] == "ServiceMonitor":
                jsonschema.validate(document, SERVICE_MONITOR)
            else:
                kubernetes_validate.validate(document, "1.33", strict=True)
        except Exception as error:  # both libraries have several kinds of their own
            faults.append(f"{label}: {error}")

# Names that point at each other.
pods = [o["spec"]["template"]["metadata"]["labels"] for o in objects if o["kind"] == "StatefulSet"]
for o in objects:
    selector = o["spec"].get("selector") if o["kind"] in ("Service", "PodDisruptionBudget", "StatefulSet") else None
    labels = selector.get("matchLabels", selector) if selector else None
    if labels and not any(labels.items() <= pod.items() for pod in pods):
        faults.append(f"{o['kind']} {o['metadata']['name']} selects no pod: {labels}")
services = {o["metadata"]["name"] for o in objects if o["kind"] == "Service"}
for o in objects:
    if o["kind"] == "StatefulSet" and o["spec"]["serviceName"] not in services:
        faults.append(f"StatefulSet {o['metadata']['name']}: no service {o['spec']['serviceName']}")

schema = json.loads(pathlib.Path(sys.argv[1]).read_text())
for path in sorted((root / "compose").glob("*.yaml")):
    compose = yaml.safe_load(path.read_text())
    for error in jsonschema.Draft7Validator(schema).iter_errors(compose):
        faults.append(f"{path.name}: {'.'.join(map(str, error.path))}: {error.message}")
    for name, service in compose["services"].items():
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            if source.startswith("."):
                if not (path.parent / source).exists():
                    faults.append(f"{path.name}: {name} mounts {source}, which is not there")
            elif source not in compose["volumes"]:
                faults.append(f"{path.name}: {name} mounts {source}, which is not declared")

print("\n".join(faults) or f"{len(objects)} objects of Kubernetes and {len(list((root / 'compose').glob('*.yaml')))} compose files fit")
sys.exit(1 if faults else 0)
