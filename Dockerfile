# soundalike in a container; docs/install.md shows how to run it.
FROM python:3.11-slim AS build
# Debian keeps no old versions that could be named here.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends gcc libc6-dev \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /source
COPY pyproject.toml hatch_build.py README.md LICENSE ./
COPY src src
RUN pip wheel --no-cache-dir --no-deps --wheel-dir /wheels .

FROM python:3.11-slim
# PyTorch's build for processors, a small part of the one with CUDA. It brings libgomp.so.1, which the wheel's compiled
# library needs and this base has not.
RUN --mount=type=bind,from=build,source=/wheels,target=/wheels \
    --mount=type=bind,source=constraints.txt,target=/constraints.txt \
    pip install --no-cache-dir --extra-index-url https://download.pytorch.org/whl/cpu \
    --constraint /constraints.txt /wheels/*.whl
RUN useradd --create-home --uid 1000 soundalike \
    && install --directory --owner=soundalike --group=soundalike --mode=700 /clones
USER 1000
WORKDIR /clones
VOLUME /clones
ENV XDG_CACHE_HOME=/clones/.cache
EXPOSE 8080
# Python handles SIGINT from its start. SIGTERM has no effect on the first process of a container until it is handled.
STOPSIGNAL SIGINT
ENTRYPOINT ["soundalike"]
CMD ["--help"]
