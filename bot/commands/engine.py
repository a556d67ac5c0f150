"""``tidekeeper engine``: make the builtin engine again; export a detoxify model."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Mapping
from pathlib import Path

from bot.render.plain import plain
from config.schema import EngineSettings
from moderation.errors import EngineUnavailable, UserError

DEFAULT_OUT = Path(__file__).parents[1] / "adapters" / "scorers" / "weights"


def train(options: Namespace, environ: Mapping[str, str]) -> int:
    """Train from the data folder and write the weights."""
    data = data_folder(options.data, environ)
    out: Path = options.out or DEFAULT_OUT
    try:
        from bot.training.builtin import train as train_builtin
    except ImportError as error:
        raise UserError(f"training needs {error.name}; install the extra [train]") from None
    took = "over half an hour" if options.base else "some minutes"
    print(f"training from {plain(data)}; this takes {took}")
    meta = train_builtin(data, out, base=options.base, again=options.again)
    print(f"wrote builtin@{meta['version']}, {meta['rows']:,} rows, to {plain(out)}")
    return 0


def export(options: Namespace, environ: Mapping[str, str]) -> int:
    """Turn a detoxify checkpoint into a folder for the engine ``onnx:FOLDER``."""
    del environ
    from bot.parts import make_scorer
    from bot.training.export import Export
    from bot.training.export import export as export_model
    from bot.training.export_texts import texts_of

    asked = Export(
        checkpoint=options.checkpoint,
        sha256=options.sha256,
        folder=options.folder,
        texts=texts_of(options.texts),
        source=options.texts.name if options.texts else "our own",
        queue=options.queue,
        first=make_scorer(EngineSettings()),
    )
    try:
        report = export_model(asked, options.out)
    except EngineUnavailable as error:
        if isinstance(error.__cause__, ImportError) or isinstance(error, UserError):
            raise  # nothing is wrong with what was asked
        raise UserError(str(error)) from error
    verdicts = report["verdicts"]["cascade"]
    print(
        f"wrote {plain(options.out)}: verdicts equal on {verdicts['equal']:.2%} of "
        f"{report['texts']:,} texts, {verdicts['missed']} missed; see parity.md there"
    )
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
