"""The sdist of this project, as a training job installs it."""

import hashlib
import os
import subprocess
import sys
import tarfile
from pathlib import Path

__all__ = ["build", "content_hash"]

# What setuptools writes itself; an old copy would leak into a new sdist.
_BUILT = ("build", "dist")
_BUILD = (
    "import sys; from setuptools import build_meta; "
    "build_meta.build_sdist(sys.argv[1])"
)


def build(folder: str) -> str:
    """Builds the sdist of the checkout that this module belongs to.

    Args:
        folder: local folder, empty; the build leaves traces only in it.

    Returns:
        Path of the sdist, below `folder`.

    Raises:
        ValueError: this is no checkout, or setuptools cannot build it.
    """
    root = Path(__file__).resolve().parents[2]
    if not (root / "setup.py").is_file():
        raise ValueError(
            "The sdist must be built from a checkout, with setup.py beside "
            f"the packages. Received: {root}, which has none. Clone the "
            "project, install it with `make install` and start there."
        )
    sources, built = Path(folder, "sources"), Path(folder, "sdist")
    sources.mkdir()
    built.mkdir()
    # setuptools writes into its working folder; others may be at work there.
    for entry in root.iterdir():
        is_built = entry.name in _BUILT or entry.suffix == ".egg-info"
        if not is_built and not entry.name.startswith("."):
            (sources / entry.name).symlink_to(entry)
    done = subprocess.run(
        [sys.executable, "-c", _BUILD, str(built)],
        cwd=sources,
        capture_output=True,
        text=True,
    )
    found = sorted(built.glob("*.tar.gz"))
    if done.returncode or not found:
        reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise ValueError(
            f"The sdist of {root} must build. Received: {reason}. Install "
            "setuptools if that is missing, else mend setup.py."
        )
    return str(found[0])


def content_hash(path: str) -> str:
    """Hash of what an sdist holds, whenever it was built.

    Args:
        path: local path of the sdist.

    Returns:
        16 hexadecimal digits; equal for two builds of the same files.
    """
    digest = hashlib.sha256(os.path.basename(path).encode())
    with tarfile.open(path) as archive:
        for member in sorted(archive, key=lambda each: each.name):
            file = archive.extractfile(member) if member.isfile() else None
            content = file.read() if file else b""
            digest.update(f"\0{member.name}\0{len(content)}\0".encode())
            digest.update(content)
    return digest.hexdigest()[:16]
