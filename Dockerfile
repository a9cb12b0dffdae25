# docker build -t bioassay-mtl .
# docker build -t bioassay-mtl:cuda --build-arg TORCH=cu128 .
#
# docker run --rm -v "$PWD:/data" -u "$(id -u):$(id -g)" bioassay-mtl screen library.smi -o hits.csv
# docker run --rm -p 127.0.0.1:8000:8000 bioassay-mtl serve --host 0.0.0.0
# docker run --rm --gpus all -v "$PWD:/data" bioassay-mtl:cuda screen library.smi -o hits.csv --device cuda
ARG PYTHON=3.11
FROM python:${PYTHON}-slim-bookworm AS build

# Which PyTorch: cpu, or a CUDA version that PyTorch is built for.
ARG TORCH=cpu
RUN python -m venv /opt/venv
WORKDIR /source
COPY . .
# A local version (+cpu, +cu128) is newer than the same version without one, and is taken.
RUN /opt/venv/bin/pip install --no-cache-dir --constraint constraints.txt \
      --extra-index-url "https://download.pytorch.org/whl/${TORCH}" \
      ".[compiled,compress,excel,serve,trees]"

FROM python:${PYTHON}-slim-bookworm

# RDKit draws by these.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends libexpat1 libxext6 libxrender1 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --create-home --uid 1000 chemist \
    && install --directory --owner chemist /data
COPY --from=build /opt/venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH
USER 1000
WORKDIR /data
EXPOSE 8000
ENTRYPOINT ["bioassay-mtl"]
CMD ["--help"]
