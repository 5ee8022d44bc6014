"""The warehouse door: one small contract, drivers behind it, built-in macros as SQL files."""
