"""Foreign words (paths, names of channels) on a terminal or a page."""

from __future__ import annotations


def plain(text: object) -> str:
    """``text`` with everything that is not printable written out, as in a string of Python.

    A file name may hold anything: colours, line ends, letters that turn the line around, half
    characters. Written out, it says so instead of doing it.
    """
    written = str(text)
    if written.isprintable():
        return written
    return "".join(letter if letter.isprintable() else _escaped(letter) for letter in written)


def _escaped(letter: str) -> str:
    return letter.encode("unicode_escape").decode("ascii")
