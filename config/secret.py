"""Text that must not be shown: tokens, keys, passwords."""


class Secret:
    """Text that is never shown by accident: `str`, `repr` and formatting give `shown`, `reveal()` gives the text."""

    __slots__ = ("_value", "shown")

    def __init__(self, value: str, shown: str = "***") -> None:
        self._value = value
        self.shown = shown

    def reveal(self) -> str:
        """The text itself."""
        return self._value

    def __bool__(self) -> bool:
        return bool(self._value)

    def __str__(self) -> str:
        return self.shown

    def __repr__(self) -> str:
        return f"Secret({self.shown!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._value == other._value

    def __hash__(self) -> int:
        return hash(self._value)
