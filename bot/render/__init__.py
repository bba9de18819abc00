"""Pure functions that lay a reply out for one platform, within its limits, for any input."""
