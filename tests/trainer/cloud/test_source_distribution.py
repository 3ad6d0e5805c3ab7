"""The sdist that a job gets."""

import os
import shutil
import tarfile
from pathlib import Path

import pytest

from trainer.cloud import source_distribution

ROOT = Path(__file__).parents[3]
MODULE = Path("trainer", "cloud", "source_distribution.py")


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """A small checkout of its own, which builds in no time."""
    root = tmp_path / "checkout"
    (root / MODULE.parent).mkdir(parents=True)
    for package in ("trainer", "trainer/cloud"):
        (root / package / "__init__.py").write_text("")
    for name in ("setup.py", "pyproject.toml", "README.md", "MANIFEST.in"):
        shutil.copy(ROOT / name, root)
    monkeypatch.setattr(source_distribution, "__file__", str(root / MODULE))
    return root


def build(tmp_path, name):
    (tmp_path / name).mkdir()
    return source_distribution.build(str(tmp_path / name))


def test_the_checkout_stays_as_it_is(checkout, tmp_path):
    """Traces of the build, which the next one or a neighbour trips over."""
    before = sorted(checkout.rglob("*"))
    path = build(tmp_path, "a")
    assert sorted(checkout.rglob("*")) == before
    assert Path(path).is_relative_to(tmp_path / "a")


def test_what_an_earlier_build_left_is_not_taken(checkout, tmp_path):
    """Files of an old egg-info's list, or a whole earlier build."""
    first = source_distribution.content_hash(build(tmp_path, "a"))
    stale = checkout / "residua.egg-info"
    stale.mkdir()
    (checkout / "notes.txt").write_text("x")
    (stale / "SOURCES.txt").write_text("notes.txt\n")
    (checkout / "build" / "lib" / "trainer").mkdir(parents=True)
    (checkout / "build" / "lib" / "trainer" / "old.py").write_text("")
    second = build(tmp_path, "b")
    assert source_distribution.content_hash(second) == first


def test_hash_follows_content_only(checkout, tmp_path):
    """Equal code staged anew each time, or other code under the same name."""
    module = checkout / "trainer" / "__init__.py"
    module.write_text("# before\n")
    hashes = [source_distribution.content_hash(build(tmp_path, "a"))]
    os.utime(module, (1, 1))
    hashes.append(source_distribution.content_hash(build(tmp_path, "b")))
    module.write_text("# after.\n")
    hashes.append(source_distribution.content_hash(build(tmp_path, "c")))
    assert hashes[0] == hashes[1] != hashes[2]


def test_without_setup_py_it_says_so(checkout, tmp_path):
    """An installed package is packed as if it were a checkout."""
    (checkout / "setup.py").unlink()
    with pytest.raises(ValueError, match=r"checkout.*setup\.py.*Received"):
        build(tmp_path, "a")


def test_a_build_that_fails_says_why(checkout, tmp_path):
    """The reason is lost in the output of the build."""
    (checkout / "setup.py").write_text("raise RuntimeError('no such day')")
    with pytest.raises(ValueError, match="RuntimeError: no such day"):
        build(tmp_path, "a")


def test_all_modules_are_packed(tmp_path):
    """A package that setup.py does not list; a README that it reads."""
    path = build(tmp_path, "a")
    with tarfile.open(path) as archive:
        packed = {name.partition("/")[2] for name in archive.getnames()}
    packages = ("trainer", "preprocessing", "evaluation", "inference")
    modules = {
        file.relative_to(ROOT).as_posix()
        for package in packages
        for file in (ROOT / package).rglob("*.py")
    }
    assert modules and modules <= packed
    assert {"README.md", "LICENSE", "pyproject.toml", "setup.py"} <= packed
    assert not any(name.startswith("tests/") for name in packed)
