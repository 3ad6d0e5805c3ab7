"""The image and the build of it: what can be checked without running them."""

import importlib.metadata
import json
import re
import shlex
from fnmatch import fnmatch
from pathlib import Path

import pytest
import yaml
from google.cloud.devtools.cloudbuild_v1.types import Build
from google.protobuf.json_format import ParseError
from packaging.requirements import Requirement
from setuptools import find_packages

ROOT = Path(__file__).parents[1]
# What the service itself fills in, for builds without a trigger too.
BUILT_IN = {"PROJECT_ID", "BUILD_ID", "PROJECT_NUMBER", "LOCATION"}
SUBSTITUTED = re.compile(r"\$\{?([A-Z_][A-Z0-9_]*)\}?")


def build_text():
    return (ROOT / "cloudbuild.yaml").read_text()


@pytest.fixture
def build():
    # Unknown fields and names of enums raise.
    return Build.from_json(json.dumps(yaml.safe_load(build_text())))


def instructions(text):
    """Instruction and words of each line of a Dockerfile."""
    joined = re.sub(r"^#.*\n", "", text, flags=re.MULTILINE)
    joined = joined.replace("\\\n", " ")
    return [
        (line.split()[0], line.split(maxsplit=1)[1])
        for line in joined.splitlines()
        if line.strip()
    ]


@pytest.fixture
def dockerfile():
    return instructions((ROOT / "Dockerfile").read_text())


def test_the_strict_parser_is_strict():
    """A field that the service does not know is read over."""
    with pytest.raises(ParseError, match="stepz"):
        Build.from_json('{"stepz": []}')


def test_steps_come_in_order(build):
    """An image is pushed that was not tested first."""
    assert [step.id for step in build.steps] == ["test", "sdist", "image"]
    # Those that wait for nothing would start at once.
    assert not any(step.wait_for for step in build.steps)


def test_steps_name_what_exists(build):
    """A target of make or a file was renamed, and the build was forgotten."""
    targets = re.findall(
        r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE
    )
    test, sdist, image = build.steps
    assert test.entrypoint == "make"
    assert set(test.args) <= set(targets)
    # Made by the step before, and kept in the workspace.
    assert sdist.entrypoint == ".venv/bin/python"
    assert re.search(r"^VENV := \.venv$", (ROOT / "Makefile").read_text(), re.M)
    assert image.args[-1] == "." and (ROOT / "Dockerfile").is_file()


def test_the_sdist_step_makes_what_is_uploaded(build, tmp_path, monkeypatch):
    """The step writes elsewhere than the upload looks."""
    written = []
    monkeypatch.setattr(
        "setuptools.build_meta.build_sdist",
        lambda folder: written.append(folder),
    )
    flag, code = build.steps[1].args
    assert flag == "-c"
    exec(code)
    (pattern,) = build.artifacts.objects.paths
    assert fnmatch(f"{written[0]}/residua-0.1.0.tar.gz", pattern)
    assert build.artifacts.objects.location.startswith("gs://")


def test_the_image_that_is_built_is_pushed(build):
    """A tag is pushed that no step makes."""
    tags = [
        word.removeprefix("--tag=")
        for word in build.steps[2].args
        if word.startswith("--tag=")
    ]
    assert tags == list(build.images)


def test_substitutions_are_defined_and_used(build):
    """The service refuses unknown and unused substitutions."""
    content = yaml.safe_load(build_text())
    defined = set(content.pop("substitutions"))
    used = set(SUBSTITUTED.findall(json.dumps(content)))
    assert used - BUILT_IN == defined
    for value in build.substitutions.values():
        assert set(SUBSTITUTED.findall(value)) <= BUILT_IN | defined


def test_one_python_for_tests_and_image(build, dockerfile):
    """The image runs a version that was not tested."""
    base = dict(dockerfile)["FROM"]
    version = re.match(r"python:(\d+\.\d+)-", base)[1]
    for step in build.steps[:2]:
        assert step.name.startswith(f"python:{version}-")
    assert version in ("3.11", "3.12", "3.13")


def test_the_build_argument_is_known(build, dockerfile):
    """A build argument without effect."""
    (name,) = [
        word.removeprefix("--build-arg=").split("=")[0]
        for word in build.steps[2].args
        if word.startswith("--build-arg=")
    ]
    assert f"{name}=cpu" in [rest for word, rest in dockerfile if word == "ARG"]


def test_the_image_does_not_run_as_root(dockerfile):
    """USER is missing, is root, or comes before something that needs root."""
    names = [word for word, _ in dockerfile]
    (user,) = [rest for word, rest in dockerfile if word == "USER"]
    assert int(user.split(":")[0]) > 0
    assert names.index("USER") > max(
        position for position, name in enumerate(names) if name == "RUN"
    )


def test_the_image_starts_the_trainer(dockerfile):
    """The module was renamed; or its sources shadow what a job installs."""
    command = json.loads(dict(dockerfile)["ENTRYPOINT"])
    assert command == ["python", "-m", "trainer.task"]
    assert (ROOT / "trainer" / "task.py").is_file()
    (copied_to,) = [
        rest.split()[-1]
        for word, rest in dockerfile
        if word == "COPY" and rest.split()[0] == "."
    ]
    assert not dict(dockerfile)["WORKDIR"].startswith(copied_to)


def test_the_image_copies_what_exists(dockerfile):
    """A file was renamed; or .dockerignore keeps out what is copied."""
    allowed = [
        line[1:]
        for line in (ROOT / ".dockerignore").read_text().splitlines()
        if line.startswith("!")
    ]
    for name in allowed:
        assert (ROOT / name).exists(), name
    for word, rest in dockerfile:
        if word == "COPY":
            for source in rest.split()[:-1]:
                assert source == "." or source in allowed


def test_the_image_gets_all_packages():
    """A new package is missing in the image, where nothing would tell."""
    ignore = (ROOT / ".dockerignore").read_text().splitlines()
    text = (ROOT / "setup.py").read_text()
    for package in find_packages(str(ROOT)):
        top = package.split(".")[0]
        if f'"{top}"' in text:
            assert f"!{top}" in ignore
    for name in ("setup.py", "README.md", "pyproject.toml", "MANIFEST.in"):
        assert f"!{name}" in ignore


def test_packages_come_with_hashes(dockerfile):
    """A package is installed from the index without being the locked one."""
    installs = [
        shlex.split(part)
        for word, rest in dockerfile
        if word == "RUN"
        for part in re.findall(r"pip install[^;&]*", rest)
    ]
    assert len(installs) == 3
    for words in installs:
        is_own = words[-1] == "/opt/residua" and "--no-deps" in words
        assert is_own or "--require-hashes" in words


def locked(name):
    """Name to version of a lock file; each must have a hash."""
    text = (ROOT / name).read_text()
    found = re.findall(r"^([a-z0-9-]+)==(\S+)(.*)$", text, re.MULTILINE)
    assert all(rest.endswith("\\") for _, _, rest in found)
    return {package: version for package, version, _ in found}


def test_cuda_libraries_fit_tensorflow():
    """TensorFlow was raised, and its CUDA libraries were forgotten."""
    version = locked("requirements.lock")["tensorflow"]
    if importlib.metadata.version("tensorflow") != version:
        pytest.skip(f"what TensorFlow {version} needs is not known here")
    needed = {
        requirement.name: requirement.specifier
        for requirement in map(
            Requirement, importlib.metadata.requires("tensorflow")
        )
        if requirement.marker
        and requirement.marker.evaluate({"extra": "and-cuda"})
        and not requirement.marker.evaluate({"extra": ""})
    }
    found = locked("requirements-cuda.lock")
    assert needed and set(found) == set(needed)
    for name, specifier in needed.items():
        assert specifier.contains(found[name]), name
