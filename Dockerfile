# Two stages: the first builds the environment from uv.lock, the second holds that environment and nothing else.
FROM python:3.13-slim AS build
RUN pip install --no-cache-dir uv==0.13.9
ENV UV_PYTHON_DOWNLOADS=never
WORKDIR /srv/sidelines
COPY pyproject.toml uv.lock README.md LICENSE ./
# Dependencies first: they change seldom, so most builds reuse this layer.
RUN uv sync --frozen --no-dev --no-install-project --compile-bytecode --no-cache
COPY bot bot
COPY briefings briefings
COPY config config
RUN uv sync --frozen --no-dev --no-editable --compile-bytecode --no-cache

FROM python:3.13-slim
RUN useradd --create-home --uid 10001 sidelines && install -d -m 700 -o sidelines -g sidelines /data
COPY --from=build /srv/sidelines/.venv /srv/sidelines/.venv
ENV PATH=/srv/sidelines/.venv/bin:$PATH SIDELINES_DATA_DIR=/data PYTHONUNBUFFERED=1
USER sidelines
VOLUME /data
HEALTHCHECK --interval=60s --timeout=20s --start-period=30s CMD ["sidelines", "doctor", "--offline", "--json"]
ENTRYPOINT ["sidelines"]
CMD ["run"]
