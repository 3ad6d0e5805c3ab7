"""A job that Vertex AI would take."""

from trainer.cloud.job_settings import JobSettings

__all__ = ["SETTINGS"]

SETTINGS = JobSettings(
    project="my-project",
    region="europe-west4",
    image="europe-west4-docker.pkg.dev/my-project/residua/train:latest",
    staging_dir="gs://bucket/staging",
    base_output_dir="gs://bucket/run/",
)
