"""From a detoxify checkpoint to a folder for the engine ``onnx:FOLDER``, with a parity report."""

from __future__ import annotations

import hashlib
import importlib.util
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from bot.adapters.scorers import onnx_folder
from bot.adapters.scorers.detoxify import encodable, open_checkpoint, scores_of
from bot.adapters.scorers.onnx import OnnxScorer
from bot.progress import Progress
from bot.training import export_graphs as graphs
from bot.training.export_parity import Parity, known, readable
from moderation.errors import EngineUnavailable, UserError
from moderation.ports import Scorer
from moderation.types import Scores

NAMES = {"bert": "original", "roberta": "unbiased", "xlm-roberta": "multilingual"}
"""What detoxify calls its models, by their kind."""

_MADE_WITH = ("tidekeeper", "torch", "transformers", "detoxify", "onnx", "onnxruntime")
_ABOUT = ("parity.json", "parity.md")


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """What is asked: the checkpoint, its digest in hex, the folder of its tokenizer, the texts to
    compare on with a name for them, the queue's bound (0-1), and an engine to try as first stage.
    """

    checkpoint: Path
    sha256: str
    folder: Path | None
    texts: Sequence[str]
    source: str
    queue: float
    first: Scorer | None


def export(asked: Export, out: Path) -> dict[str, Any]:
    """Make the folder ``out``, which must not exist or be empty, as a whole or not at all.

    Returns the parity report. Raises ``UserError`` and ``EngineUnavailable``.
    """
    _libraries()
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise UserError(f"{out}: there is something already; name a new folder with --out")
    loaded, torch = open_checkpoint(
        "engine export", asked.checkpoint, asked.sha256, asked.folder, extra="export"
    )
    torch.set_num_threads(1)
    out.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=out.parent, prefix=f".{out.name}.") as room:
        made = Path(room) / out.name
        made.mkdir()
        manifest = _made(asked, loaded, torch, made)
        report = _compared(asked, loaded, torch, made, manifest)
        made.replace(out)
    return report


def _libraries() -> None:
    for name in ("detoxify", "torch", "onnx", "onnxscript"):
        if importlib.util.find_spec(name) is None:
            raise EngineUnavailable(
                f"engine export: {name} is not installed; "
                "install the extra: pip install 'tidekeeper[export]'"
            )


def _made(asked: Export, loaded: Any, torch: Any, made: Path) -> dict[str, Any]:
    """Write graphs and tokenizer; the manifest with bounds that clear nothing."""
    labels = tuple(loaded.class_names)
    if "toxicity" not in labels:
        raise EngineUnavailable(f"{asked.checkpoint}: the checkpoint has no label for toxicity")
    graphs.export_fp32(loaded, torch, made / graphs.FP32)
    mapped = dict(graphs.halved(made / graphs.FP32, made))
    judge = list(mapped)
    mapped[graphs.INT8] = graphs.quantised(made / graphs.FP32, made)
    _write_tokenizer(loaded.tokenizer, made / onnx_folder.TOKENIZER)
    kind = loaded.model.config.model_type
    return {
        "format": onnx_folder.FORMAT,
        "model": NAMES.get(kind, kind),
        "checkpoint_sha256": asked.sha256.lower(),
        "made_with": {name: version(name) for name in _MADE_WITH},
        "labels": labels,
        "longest": int(loaded.tokenizer.model_max_length),
        "padding": int(loaded.tokenizer.pad_token_id),
        "bounds": {"queue": asked.queue, "clear": 0.0, "first": None},
        "judge": judge,
        "mapped": mapped,
    }


def _write_tokenizer(tokenizer: Any, to: Path) -> None:
    fast = getattr(tokenizer, "backend_tokenizer", None)
    if fast is None:
        raise EngineUnavailable(
            "engine export: this version of transformers has no fast tokenizer for the model; "
            "install the extra: pip install 'tidekeeper[export]'"
        )
    fast.no_truncation()
    fast.no_padding()
    fast.save(str(to))


def _compared(
    asked: Export, loaded: Any, torch: Any, made: Path, manifest: dict[str, Any]
) -> dict[str, Any]:
    """Measure, choose the bounds, measure the cascade with them; write manifest and report."""
    parity = Parity(len(asked.texts), asked.source, asked.queue, known(tuple(manifest["labels"])))
    _write_manifest(made, manifest)
    forms: Mapping[str, Callable[[], Callable[[Sequence[str]], Sequence[Scores]]]] = {
        "torch": lambda: _original(loaded, torch),
        "fp32": lambda: OnnxScorer(made, only="judge", judge="fast").score,
        "judge": lambda: OnnxScorer(made, only="judge").score,
        "int8": lambda: OnnxScorer(made, only="int8").score,
    }
    for form, make in forms.items():
        _measure(parity, form, make, asked.texts)
    cleared = _choose(parity, manifest, asked)
    _write_manifest(made, manifest)
    _measure(parity, "cascade", lambda: OnnxScorer(made, first=asked.first).score, asked.texts)
    report = parity.report() | {"bounds": manifest["bounds"], "cleared": cleared}
    report["bytes"] = _sizes(made)
    (made / "parity.json").write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    (made / "parity.md").write_text(readable(report), encoding="utf-8")
    return report


def _measure(
    parity: Parity,
    form: str,
    make: Callable[[], Callable[[Sequence[str]], Sequence[Scores]]],
    texts: Sequence[str],
) -> None:
    with Progress(f"comparing {form}", len(texts)) as progress:
        parity.measure(form, make, texts, step=progress.reach)


def _original(loaded: Any, torch: Any) -> Callable[[Sequence[str]], Sequence[Scores]]:
    def one(text: str) -> Scores:
        inputs = loaded.tokenizer(encodable(text), return_tensors="pt", truncation=True)
        with torch.inference_mode():
            chances = torch.sigmoid(loaded.model(**inputs)[0])[0].tolist()
        return scores_of(loaded.class_names, chances, "engine export")

    return lambda texts: [one(text) for text in texts]


def _choose(parity: Parity, manifest: dict[str, Any], asked: Export) -> dict[str, float]:
    """Set the bounds in the manifest; the share of the texts that each stage clears."""
    bounds = manifest["bounds"]
    bounds["clear"] = clear = parity.int8_bound()
    cleared = {"first": 0.0, "int8": round(float((parity.toxicity("int8") < clear).mean()), 4)}
    if asked.first is not None:
        found = asked.first.score(list(asked.texts))
        scores = np.array([1.0 if one.unsure else one.toxicity for one in found])
        if (chosen := parity.first_bound(scores)) is not None:
            bounds["first"] = {"engine": asked.first.name, "clear": chosen[0]}
            cleared["first"] = round(chosen[1], 4)
    return cleared


def _write_manifest(made: Path, manifest: dict[str, Any]) -> None:
    names = sorted(f.name for f in made.iterdir() if f.name not in (onnx_folder.MANIFEST, *_ABOUT))
    manifest["files"] = {name: _file(made / name) for name in names}
    text = json.dumps(manifest, indent=1) + "\n"
    (made / onnx_folder.MANIFEST).write_text(text, encoding="utf-8")


def _file(file: Path) -> dict[str, Any]:
    with file.open("rb") as content:
        digest = hashlib.file_digest(content, "sha256").hexdigest()
    return {"bytes": file.stat().st_size, "sha256": digest}


def _sizes(made: Path) -> dict[str, int]:
    def size(*patterns: str) -> int:
        return sum(f.stat().st_size for pattern in patterns for f in made.glob(pattern))

    words, judge, int8 = graphs.EMBEDDINGS, "judge.*", f"{graphs.INT8}*"
    return {
        "fp32": size(f"{graphs.FP32}*"),
        "judge": size(words, judge),
        "int8": size(words, int8),
        "cascade": size(words, judge, int8),
    }
