"""Trains the builtin engine: ``python -m bot.training.builtin --data ../shared --out FOLDER``.

Reads ``data/toxicity/train.csv.gz`` and, for calibration and thresholds only, ``dev.csv.gz``;
never a test set. The same data and seed give the same bytes on the same machine. The second stage
is trained only when its base is named (``--base``): that takes half an hour on two idle cores with
AVX-512, three times as long without. The rest takes some minutes.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bot.adapters.scorers.builtin import HEADS
from bot.adapters.scorers.features import BUCKETS
from bot.training import calibration, judge, labels, linear, second
from bot.training.archive import archived
from bot.training.corpus import Row, disguised, joined, own_rows, read_rows, set_aside
from moderation.errors import TidekeeperError

VERSION = 2
SEED = 20261124
FINE_SHIFT = 3
"""The finer labels share a table of an eighth of the buckets."""
JOINED = 5000
"""Messages of several sentences made for the second stage."""
CLAUSE_DISCOUNT = 0.5
"""How much worse, in margin, a clause must be than the whole; chosen on the development set."""
_LARGEST = 32767
_SOURCE_WEIGHTS = {
    "own": 6.0,
    "own_templates": 2.0,
    "irc_ubuntu_presumed0": 1.5,
    "goemotions_neg": 1.5,
    "incivility_github": 1.5,
    "disguised": 0.5,
    "edos": 0.5,
}
"""Rows like a company's chat count more; group contempt without rude words counts less."""


def train(
    data: Path, out: Path, seed: int = SEED, base: Path | None = None, again: bool = False
) -> dict[str, Any]:
    """Train from ``data`` (the folder that holds ``data/toxicity``) and write the weights.

    With ``base`` (see ``bot.training.base``) the second stage is trained anew; else its files are
    already in ``out``, and ``again`` lets it read its last rounds again. Returns the metadata that
    was written. Raises ``ExportError`` for unreadable data.
    """
    folder = data / "data" / "toxicity"
    words = labels.rude_words(data)
    rows, aside = set_aside(read_rows(folder / "train.csv.gz") + own_rows(), seed)
    rows += disguised(rows, words, seed)
    if base is not None or again:
        longer = rows + joined(rows, JOINED, seed)
        if base is not None:
            second.train(data, base, longer, out, seed)
        second.polish(data, longer, out, seed)
    dev = read_rows(folder / "dev.csv.gz")
    ordinary = [*aside, *calibration.harmless(dev)]
    first = _first(rows, dev, ordinary, words, out, seed)
    weighed = judge.fit(out, dev, ordinary, words)
    return {**first, **judge.write(out, weighed, VERSION, ordinary)}


def _first(
    rows: Sequence[Row],
    dev: Sequence[Row],
    ordinary: Sequence[Row],
    words: frozenset[str],
    out: Path,
    seed: int,
) -> dict[str, Any]:
    features = linear.matrix([row.text for row in rows])
    models = [_toxic_model(features, rows), *_finer_models(features, rows, words, seed)]
    models[0] = calibration.fit_to_dev(models[0], _judge(models[0], dev), dev)
    scores = calibration.probability(models[0], _judge(models[0], ordinary))
    meta = _meta(models, calibration.thresholds(scores, ordinary), seed, len(rows))
    _write(out, models, meta)
    return meta


def _judge(model: linear.Model, rows: Sequence[Row]) -> NDArray[np.float64]:
    return linear.margins_by_clause(model, [row.text for row in rows], CLAUSE_DISCOUNT)


def _toxic_model(features: linear.Matrix, rows: Sequence[Row]) -> linear.Model:
    weights = np.array([_SOURCE_WEIGHTS.get(row.source, 1.0) for row in rows])
    return linear.fit(features, np.array([row.toxic for row in rows]), weights)


def _finer_models(
    features: linear.Matrix, rows: Sequence[Row], words: frozenset[str], seed: int
) -> list[linear.Model]:
    coarse = linear.coarser(features, FINE_SHIFT)
    models = []
    for _, says in labels.CONDITIONAL:
        verdicts = [says(row) if row.toxic else None for row in rows]
        chosen = np.array([at for at, verdict in enumerate(verdicts) if verdict is not None])
        target = np.array([bool(verdicts[at]) for at in chosen])
        models.append(calibration.fit_across(coarse[chosen], target, seed))
    rude = np.array(labels.obscene([row.text for row in rows], words))
    return [*models, calibration.fit_across(coarse, rude, seed)]


def _meta(
    models: Sequence[linear.Model], thresholds: dict[str, float], seed: int, rows: int
) -> dict[str, Any]:
    return {
        "version": VERSION,
        "seed": seed,
        "rows": rows,
        "heads": list(HEADS),
        "scales": [model.largest / _LARGEST for model in models],
        "slopes": [model.slope for model in models],
        "offsets": [model.offset for model in models],
        "clause_discount": CLAUSE_DISCOUNT,
        "thresholds": thresholds,
    }


def _write(out: Path, models: Sequence[linear.Model], meta: dict[str, Any]) -> None:
    fine = np.stack([_whole(model, BUCKETS >> FINE_SHIFT) for model in models[1:]], axis=1)
    text = json.dumps(meta, sort_keys=True, indent=1)
    arrays: dict[str, NDArray[Any]] = {
        "toxic": _whole(models[0], BUCKETS),
        "fine": fine,
        "meta": np.frombuffer(text.encode(), dtype=np.uint8),
    }
    out.mkdir(parents=True, exist_ok=True)
    (out / "builtin.npz").write_bytes(archived(arrays))
    (out / "builtin.json").write_text(text + "\n", encoding="utf-8")


def _whole(model: linear.Model, size: int) -> NDArray[np.int16]:
    """The weights as whole numbers in units of ``largest / 32767``, by bucket."""
    table = np.zeros(size, dtype=np.int16)
    table[model.buckets] = np.rint(model.weights / model.largest * _LARGEST).astype(np.int16)
    return table


def main(argv: Sequence[str] | None = None) -> int:
    """The command; returns its exit status."""
    parser = argparse.ArgumentParser(prog="tidekeeper engine train", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with data/toxicity")
    parser.add_argument("--out", type=Path, required=True, help="folder for the weights")
    parser.add_argument("--base", type=Path, help="encoder to train the second stage from")
    parser.add_argument(
        "--again", action="store_true", help="read the second stage's last rounds again"
    )
    parser.add_argument("--seed", type=int, default=SEED)
    chosen = parser.parse_args(argv)
    try:
        meta = train(chosen.data, chosen.out, chosen.seed, chosen.base, chosen.again)
    except TidekeeperError as error:
        print(error, file=sys.stderr)
        return 2
    digest = hashlib.sha256((chosen.out / "builtin.npz").read_bytes()).hexdigest()
    print(json.dumps({**meta, "sha256": digest}))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
