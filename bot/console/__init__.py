"""The console: a page in the browser that reads the store. It knows no Discord and no database."""

from bot.console.page import make_console

__all__ = ("make_console",)
