"""``tidekeeper engine``: make the builtin engine again."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Mapping
from pathlib import Path

from bot.render.plain import plain
from moderation.errors import UserError

DEFAULT_OUT = Path(__file__).parents[1] / "adapters" / "scorers" / "weights"


def train(options: Namespace, environ: Mapping[str, str]) -> int:
    """Train from the data folder and write the weights."""
    data = data_folder(options.data, environ)
    out: Path = options.out or DEFAULT_OUT
    try:
        from bot.training.builtin import train as train_builtin
    except ImportError as error:
        raise UserError(f"training needs {error.name}; install the extra [train]") from None
    print(f"training from {plain(data)}; this takes some minutes")
    meta = train_builtin(data, out)
    print(f"wrote builtin@{meta['version']}, {meta['rows']:,} rows, to {plain(out)}")
    return 0


def data_folder(chosen: Path | None, environ: Mapping[str, str]) -> Path:
    """The folder that holds ``data/toxicity``: ``chosen``, else ``TIDEKEEPER_DATA``.

    Raises ``UserError`` when there is none.
    """
    named = environ.get("TIDEKEEPER_DATA", "../shared")
    folder = chosen or Path(named)
    if not (folder / "data" / "toxicity").is_dir():
        raise UserError(
            f"{folder}: there is no data/toxicity in it; name the folder with TIDEKEEPER_DATA"
        )
    return folder
