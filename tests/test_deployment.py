"""Dockerfile, compose.yaml and Kubernetes manifests, by their schemas and by what they promise."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from matcher.settings import Settings
from tests.servers import ROOT

BIN = Path(sys.executable).parent
COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
SERVICES: dict[str, Any] = COMPOSE["services"]
MANIFESTS = [
    manifest
    for path in sorted((ROOT / "docs" / "kubernetes").glob("*.yaml"))
    for manifest in yaml.safe_load_all(path.read_text(encoding="utf-8"))
]
KUBERNETES = "1.33"
PODS = [
    pytest.param(manifest["spec"]["template"]["spec"], id=manifest["kind"] + str(number))
    for number, manifest in enumerate(MANIFESTS)
    if "template" in manifest.get("spec", {})
]


def run(*command: str) -> tuple[int, str]:
    """Run a program of the virtual environment; return its status and what it printed."""
    done = subprocess.run(
        [str(BIN / command[0]), *command[1:]], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    return done.returncode, done.stdout + done.stderr


def test_the_dockerfile_has_nothing_that_a_linter_finds() -> None:
    assert run("hadolint", "Dockerfile") == (0, "")


def test_the_image_is_by_version_runs_as_nobody_special_and_sets_no_threads() -> None:
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    final = text.split("\nFROM ")[-1]
    assert re.search(r"^ARG PYTHON=python:\d+\.\d+\.\d+-slim-\w+$", text, re.MULTILINE)
    assert re.search(r"^USER 10001:10001$", final, re.MULTILINE)
    assert "--require-hashes --no-deps --only-binary :all:" in text
    assert "NUM_THREADS" not in text
    assert "pip install" not in final and "HEALTHCHECK" in final


def test_the_build_gets_only_what_the_dockerfile_copies() -> None:
    copied = {
        name
        for line in re.findall(r"^COPY (?!--from)(.+) \S+$", _dockerfile(), re.MULTILINE)
        for name in line.split()
    }
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert {line[1:] for line in lines if line.startswith("!")} == copied
    assert "*" in lines


def _dockerfile() -> str:
    return (ROOT / "Dockerfile").read_text(encoding="utf-8")


def test_compose_follows_its_schema() -> None:
    status, printed = run(
        "check-jsonschema", "--builtin-schema", "vendor.compose-spec", "compose.yaml"
    )
    assert status == 0, printed


@pytest.mark.parametrize("name", SERVICES)
def test_each_container_is_contained(name: str) -> None:
    service = SERVICES[name]
    assert service["restart"] == "unless-stopped"
    assert service["read_only"] is True and service["tmpfs"]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert {"mem_limit", "stop_grace_period"} <= service.keys()
    own = "build" in service and name != "worker"  # the Dockerfile's
    assert own or "healthcheck" in service
    assert "build" in service or re.fullmatch(r"\w+:\d+\.\d+(\.\d+)?(-\w+)?", service["image"])


def test_only_the_proxy_can_be_reached() -> None:
    assert [name for name, service in SERVICES.items() if "ports" in service] == ["proxy"]
    assert COMPOSE["networks"]["inside"]["internal"] is True
    assert SERVICES["postgres"]["networks"] == SERVICES["redis"]["networks"] == ["inside"]


def test_passwords_are_in_no_address() -> None:
    environment = SERVICES["schakel"]["environment"]
    assert "$" not in environment["DATABASE_URL"] + environment["REDIS_URL"]
    assert environment["PGPASSWORD"].startswith("${POSTGRES_PASSWORD:?")


def test_variables_are_those_of_the_settings() -> None:
    fields = Settings.model_fields
    known = {
        str(field.validation_alias or f"SCHAKEL_{name.upper()}") for name, field in fields.items()
    }
    known |= {"PGPASSWORD"}
    assert SERVICES["schakel"]["environment"].keys() <= known
    for manifest in MANIFESTS:
        if manifest["kind"] in {"ConfigMap", "Secret"}:
            assert manifest.get("data", manifest.get("stringData")).keys() <= known


def test_the_proxy_waits_for_whole_requests() -> None:
    text = (ROOT / "docs" / "nginx.conf").read_text(encoding="utf-8")
    for line in (
        "proxy_request_buffering on;",
        "access_log off;",
        "ssl_protocols TLSv1.2 TLSv1.3;",
        "proxy_set_header X-Forwarded-For $remote_addr;",
        "proxy_set_header Host $host;",
    ):
        assert line in text


@pytest.mark.parametrize("manifest", MANIFESTS, ids=lambda manifest: manifest["kind"])
def test_manifests_follow_their_schemas(manifest: dict[str, Any]) -> None:
    import kubernetes_validate

    kubernetes_validate.validate(manifest, KUBERNETES, strict=True)


def test_the_manifests_are_complete() -> None:
    kinds = [manifest["kind"] for manifest in MANIFESTS]
    assert kinds.count("Deployment") == 2
    assert {"ConfigMap", "Secret", "PodDisruptionBudget", "Job", "Service", "Ingress"} <= set(kinds)
    deployments = [manifest for manifest in MANIFESTS if manifest["kind"] == "Deployment"]
    web = deployments[0]["spec"]["template"]["spec"]["containers"][0]
    paths = {
        probe: web[probe]["httpGet"]["path"]
        for probe in ("startupProbe", "livenessProbe", "readinessProbe")
    }
    assert paths == {
        "startupProbe": "/health/ready",
        "livenessProbe": "/health/live",
        "readinessProbe": "/health/ready",
    }


@pytest.mark.parametrize("pod", PODS)
def test_pods_may_do_nothing_special(pod: dict[str, Any]) -> None:
    assert pod["automountServiceAccountToken"] is False
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["runAsUser"] == 10001
    (container,) = pod["containers"]
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert "memory" in container["resources"]["limits"]
    assert {mount["mountPath"] for mount in container["volumeMounts"]} == {"/data", "/tmp"}
