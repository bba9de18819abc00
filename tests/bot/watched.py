"""A program that tells the web server what a test wants it to."""

from collections.abc import Mapping


class Watched:
    """Well and ready, until a test says otherwise: a state, or an error to raise."""

    def __init__(self) -> None:
        self.healthy: Mapping[str, object] | Exception = {"ok": True}
        self.readiness: Mapping[str, object] | Exception = {"ok": True}

    async def health(self) -> Mapping[str, object]:
        return _given(self.healthy)

    async def ready(self) -> Mapping[str, object]:
        return _given(self.readiness)

    async def figures(self) -> tuple[str, bytes]:
        return "text/plain; version=0.0.4", b"herons 3\n"


def _given(state: Mapping[str, object] | Exception) -> Mapping[str, object]:
    if isinstance(state, Exception):
        raise state
    return state
