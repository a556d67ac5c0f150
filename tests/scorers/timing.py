"""How fast a model of bert-base's size is in each engine: ``python -m tests.scorers.timing``.

Builds a detoxify checkpoint with seeded random weights (110 M parameters) in ``FOLDER``, exports
it, and times every engine in a process of its own on chat lengths (median 12 words). Speed does
not depend on what the weights say; how much the stages clear does, so the cascade gets bounds at
which the share named below goes on to the next stage.

    python -m tests.scorers.timing FOLDER [--texts N]
"""

from __future__ import annotations

import argparse
import csv
import gzip
import hashlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

HARMLESS = 0.985
"""The share of harmless messages in a realistic mix."""
LEFT_BY_FIRST, LEFT_BY_INT8 = 0.10, 0.03
"""Shares of all messages that the first stage, and then the int8 model, do not clear."""
ENGINES = ("detoxify-single", "detoxify-batch", "engine", "fp32", "small", "int8", "cascade")


def checkpoint(folder: Path, texts: Sequence[str]) -> tuple[Path, str]:
    """A bert-base-uncased with random weights as a detoxify checkpoint; its path and digest."""
    import torch
    from tokenizers import BertWordPieceTokenizer
    from transformers import BertConfig, BertForSequenceClassification

    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = BertWordPieceTokenizer(lowercase=True)
    tokenizer.train_from_iterator(texts, vocab_size=30522, min_frequency=1, show_progress=False)
    tokenizer.save_model(str(folder))
    about = {"tokenizer_class": "BertTokenizer", "do_lower_case": True}
    (folder / "tokenizer_config.json").write_text(json.dumps(about), encoding="utf-8")
    torch.manual_seed(7)
    config = BertConfig(num_labels=6)
    config.save_pretrained(folder)
    model = BertForSequenceClassification(config)
    with torch.no_grad():
        model.classifier.weight.mul_(20)  # scores that differ from text to text
    classes = ["toxic", "severe_toxic", "obscene", "threat", "insult", "identity_hate"]
    arch = {
        "model_type": "bert-base-uncased",
        "model_name": "BertForSequenceClassification",
        "tokenizer_name": "BertTokenizer",
        "num_classes": len(classes),
    }
    about_it = {"dataset": {"args": {"classes": classes}}, "arch": {"args": arch}}
    path = folder / "base.ckpt"
    torch.save({"config": about_it, "state_dict": model.state_dict()}, path)
    return path, hashlib.sha256(path.read_bytes()).hexdigest()


def corpus(shared: Path) -> list[str]:
    """All texts that are there to learn from; only their words and lengths matter here."""
    with gzip.open(shared / "data" / "toxicity" / "train.csv.gz", "rt", encoding="utf-8") as rows:
        return [row["text"] for row in csv.DictReader(rows)]


def chat(texts: Sequence[str], count: int) -> list[str]:
    """Texts of chat lengths: words follow a log-normal with median 12 and nine in ten under 30."""
    rng = np.random.default_rng(5)
    words = [word for text in texts[:20_000] for word in text.split()]
    lengths = np.clip(np.exp(rng.normal(np.log(12), 0.7, count)), 1, 200).astype(int)
    starts = rng.integers(0, len(words) - 200, count)
    return [" ".join(words[at : at + n]) for at, n in zip(starts, lengths, strict=True)]


def main() -> None:
    """Build what is missing, then time each engine apart and print the ratios."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--texts", type=int, default=200)
    parser.add_argument("--shared", type=Path, default=Path("../shared"))
    parser.add_argument("--one", choices=ENGINES)
    chosen = parser.parse_args()
    place = chosen.folder / "texts.json"
    if chosen.one:
        found = _timed(chosen.one, chosen.folder, json.loads(place.read_text()))
        sys.stdout.write(json.dumps(found) + "\n")
        return
    _prepare(chosen.folder, chosen.shared)
    texts = chat(json.loads((chosen.folder / "corpus.json").read_text()), chosen.texts)
    place.write_text(json.dumps(texts))
    every = {name: _apart(name, chosen.folder) for name in ENGINES}
    single = every["detoxify-single"]
    for name, each in every.items():
        wall, cpu = (f"{single[key] / each[key]:.1f}" for key in ("wall_ms", "cpu_ms"))
        sys.stdout.write(f"{name:16} {each} single is {wall} x its time, {cpu} x its processor\n")


def _prepare(folder: Path, shared: Path) -> None:
    from bot.training.export import Export, export
    from bot.training.export_texts import OWN

    if (folder / "out").exists():
        return
    texts = corpus(shared)
    path, digest = checkpoint(folder, texts)
    (folder / "corpus.json").write_text(json.dumps(texts[:20_000]))
    asked = Export(
        checkpoint=path,
        sha256=digest,
        folder=None,
        texts=OWN,
        source="our own",
        queue=0.6,
        first=None,
    )
    export(asked, folder / "out")


def _apart(name: str, folder: Path) -> dict[str, Any]:
    command = [sys.executable, "-m", "tests.scorers.timing", str(folder), "--one", name]
    run = subprocess.run(command, check=True, capture_output=True, text=True)
    return dict(json.loads(run.stdout.splitlines()[-1]))


def _timed(name: str, folder: Path, texts: list[str]) -> dict[str, Any]:
    """Wall and processor milliseconds a text, seconds to load, megabytes at the peak."""
    start = time.perf_counter()
    score = _engine(name, folder, texts)
    score(["a"])
    load = time.perf_counter() - start
    wall, cpu = time.perf_counter(), time.process_time()
    score(texts)
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    peak = next(n for n in Path("/proc/self/status").read_text().splitlines() if "VmHWM" in n)
    return {
        "wall_ms": round(1000 * wall / len(texts), 2),
        "cpu_ms": round(1000 * cpu / len(texts), 2),
        "load_s": round(load, 2),
        "peak_mb": int(peak.split()[1]) // 1000,
    }


def _engine(name: str, folder: Path, texts: Sequence[str]) -> Callable[[Sequence[str]], Any]:
    if name.startswith("detoxify") or name == "engine":
        return _torch(name, folder)
    from bot.adapters.scorers.onnx import OnnxScorer

    out = folder / "out"
    if name == "int8":
        return OnnxScorer(out, only="int8").score
    if name == "cascade":
        return _cascade(out, texts)
    judge: Any = "fast" if name == "fp32" else "small"
    return OnnxScorer(out, only="judge", judge=judge).score


def _torch(name: str, folder: Path) -> Callable[[Sequence[str]], Any]:
    from bot.adapters.scorers.detoxify import DetoxifyScorer

    path = folder / "base.ckpt"
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    scorer = DetoxifyScorer("original", path, sha256=digest, threads=os.cpu_count() or 1)
    predict = scorer._loaded.predict
    if name == "detoxify-single":
        return lambda texts: [predict(text) for text in texts]
    if name == "detoxify-batch":
        return lambda texts: [predict(list(texts[at : at + 32])) for at in range(0, len(texts), 32)]
    return DetoxifyScorer("original", path, sha256=digest).score


def _cascade(out: Path, texts: Sequence[str]) -> Callable[[Sequence[str]], Any]:
    """With bounds at which the shares above go on to the next stage."""
    from bot.adapters.scorers.builtin import BuiltinScorer
    from bot.adapters.scorers.onnx import OnnxScorer

    first = BuiltinScorer()
    found = np.array([scores.toxicity for scores in first.score(list(texts))])
    first_clear = float(np.quantile(found, 1 - LEFT_BY_FIRST))
    left = [text for text, one in zip(texts, found, strict=True) if one >= first_clear]
    int8 = [scores.toxicity for scores in OnnxScorer(out, only="int8").score(left)]
    clear = float(np.quantile(int8, 1 - LEFT_BY_INT8 / LEFT_BY_FIRST))
    manifest = json.loads((out / "manifest.json").read_text())
    bounds = {"clear": clear, "first": {"engine": first.name, "clear": first_clear}}
    room = out.with_name("out.bounds")
    room.mkdir(exist_ok=True)
    for file in out.iterdir():
        if not (room / file.name).exists():
            os.link(file, room / file.name)
    (room / "manifest.json").unlink()
    (room / "manifest.json").write_text(json.dumps(manifest | {"bounds": bounds}))
    return OnnxScorer(room, first=first).score


if __name__ == "__main__":
    main()
