# The training image. Build it in the cloud with cloudbuild.yaml, or here:
#   docker build --tag residua .
#   docker build --tag residua-cuda --build-arg ACCELERATOR=cuda .
#   docker run --user "$(id -u)" --volume "$PWD:/data" residua \
#     --data_dir=/data/set --output_dir=/data/run

# All locked packages have wheels for this version, so that no compiler is
# needed; cloudbuild.yaml tests with the same one.
FROM python:3.12-slim-bookworm

# cpu, or cuda for machines with GPUs (3 GB more).
ARG ACCELERATOR=cpu

# The service mounts the driver of its GPUs below /usr/local/nvidia.
ENV PYTHONUNBUFFERED=1 \
    TF_CPP_MIN_LOG_LEVEL=2 \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_ROOT_USER_ACTION=ignore \
    PATH=/usr/local/nvidia/bin:$PATH \
    LD_LIBRARY_PATH=/usr/local/nvidia/lib:/usr/local/nvidia/lib64 \
    NVIDIA_VISIBLE_DEVICES=all \
    NVIDIA_DRIVER_CAPABILITIES=compute,utility

# A tuning job's metric is written below /var/hypertune, by this user too.
RUN useradd --create-home --uid 1000 trainer \
    && install --directory --owner=trainer /var/hypertune

COPY requirements.lock requirements-cuda.lock /opt/residua/
RUN pip install --require-hashes --requirement /opt/residua/requirements.lock \
    && case "$ACCELERATOR" in \
        cpu) ;; \
        cuda) pip install --no-deps --require-hashes \
            --requirement /opt/residua/requirements-cuda.lock ;; \
        *) echo "ACCELERATOR must be cpu or cuda, not $ACCELERATOR" >&2; \
            exit 1 ;; \
    esac

# .dockerignore lists what there is to copy.
COPY . /opt/residua
RUN pip install --no-deps --no-build-isolation /opt/residua

# A number, so that a cluster can see that it is not root.
USER 1000:1000
# Not where the sources are: what a job installs must not be shadowed by them.
WORKDIR /home/trainer
ENTRYPOINT ["python", "-m", "trainer.task"]
CMD ["--help"]
