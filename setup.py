"""The distribution `residua`; a Vertex AI custom job installs its sdist."""

from pathlib import Path

from setuptools import find_packages, setup

setup(
    name="residua",
    version="0.1.0",
    description=(
        "Multivariate time-series anomaly detection from residuals, "
        "for managed cloud training"
    ),
    long_description=Path(__file__).with_name("README.md").read_text(),
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    python_requires=">=3.11,<3.14",
    packages=find_packages(
        include=[
            "trainer",
            "trainer.*",
            "preprocessing",
            "preprocessing.*",
            "evaluation",
            "evaluation.*",
            "hptuning",
            "hptuning.*",
            "inference",
            "inference.*",
        ]
    ),
    package_data={"hptuning": ["*.yaml"]},
    install_requires=[
        "tensorflow>=2.21,<2.22",
        "keras>=3.15,<3.16",
        "tensorflow-probability[tf]==0.25.0",
        "numpy>=2,<2.5",
        "scipy>=1.14",
        "pandas>=2.2,<2.4",
        "pyarrow<26",
        "scikit-learn>=1.6",
        "google-cloud-storage>=3,<4",
        "apache-beam[gcp]>=2.77,<2.78",
        "tensorboard>=2.20",
        "cloudml-hypertune==0.1.0.dev6",
        "rich>=14",
        "plotly>=6",
        "matplotlib>=3.10,<4",
    ],
    extras_require={
        "serve": ["kserve>=0.21"],
        "tune": ["optuna>=5", "google-cloud-aiplatform<2", "pyyaml"],
        "dask": ["apache-beam[dask]"],
        "dev": [
            "apache-beam[dask]",
            "gcp-storage-emulator",
            "google-cloud-aiplatform<2",
            "google-cloud-build",
            "hypothesis",
            "import-linter",
            "mypy",
            "optuna>=5",
            "pandas-stubs<2.4",
            "pytest",
            "pytest-xdist",
            "pyyaml",
            "ruff",
        ],
    },
)
