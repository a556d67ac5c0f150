"""What can go wrong, and whose fault it is.

::

    TidekeeperError                  the message is one line a person can act on
    ├── UserError                    what was handed in is wrong: settings, a file, a click (exit 2)
    │   ├── SettingsError            every invalid key at once
    │   ├── ExportError              a chat export: file, line, field
    │   └── Refused                  a click that may not happen now; nothing was changed
    │       ├── NotAllowed           the person lacks the right
    │       ├── IllegalMove          the case is in a state that has no such transition
    │       └── Overtaken            somebody else was faster; says who
    ├── PlatformFailure              Discord said no, with a code; nothing happened there
    ├── PlatformUnreachable          Discord did not answer; it may or may not have happened
    ├── EngineUnavailable            a scorer cannot be loaded; says what to install
    └── StoreError                   the database cannot be read or written
"""

from __future__ import annotations


class TidekeeperError(Exception):
    """Base of all; ``str(error)`` is one line for people."""


class UserError(TidekeeperError):
    """What was handed in is wrong."""


class SettingsError(UserError):
    """One or more settings are invalid; ``problems`` has a line for each, with key and hint."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


class ExportError(UserError):
    """A chat export cannot be read; the line names file, line and field."""


class Refused(UserError):
    """A decision that may not happen now. ``code`` is a locale key; nothing was changed."""

    def __init__(self, code: str, **facts: str | int) -> None:
        super().__init__(code)
        self.code = code
        self.facts = facts


class NotAllowed(Refused):
    """The person lacks the right."""


class IllegalMove(Refused):
    """The case is in a state that has no such transition."""


class Overtaken(Refused):
    """Somebody else was faster; ``facts['by']`` is their user id."""


class PlatformFailure(TidekeeperError):
    """The platform refused; nothing happened there.

    ``code`` is one of ``hierarchy, outranked, permission, administrator, owner, target, gone,
    archived, closed_dms, limit, no_queue, unknown`` followed by ``:`` and the platform's own number where there is one
    (``permission:50013``).
    """

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class PlatformUnreachable(TidekeeperError):
    """No answer came: the effect may or may not have happened, so it is tried again."""


class EngineUnavailable(TidekeeperError):
    """A scorer cannot be loaded; says what to install or change."""


class StoreError(TidekeeperError):
    """The database cannot be read or written; says where and what to do."""
