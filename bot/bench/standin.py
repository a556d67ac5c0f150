"""A model of detoxify's size and shape with random weights, for speed where there is no real one.

It lies in the user's cache (``TIDEKEEPER_CACHE``, else ``~/.cache/tidekeeper``), 0.4 GB; its export
beside it has 0.9 GB. Delete the folder to be rid of both.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import os
import re
import shutil
import tempfile
from itertools import islice
from pathlib import Path
from typing import Any

from bot.bench.apart import apart
from bot.bench.chat import chat
from config.schema import EngineSettings
from moderation.errors import EngineUnavailable

SAID = "random weights, speed only"
_CHECKPOINT, _DIGEST = "random.ckpt", "random.sha256"
_CLASSES = ("toxicity", "severe_toxicity", "obscene", "threat", "insult", "identity_attack")
_SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
_VOCABULARY = 30_522
_SAMPLE = 3_000
_HARMLESS = -6.0
"""Added to every answer before it becomes a probability: nearly all chat is harmless, as in life."""


def home() -> Path:
    """The folder in the user's cache."""
    named = os.environ.get("TIDEKEEPER_CACHE")
    return (Path(named) if named else Path.home() / ".cache" / "tidekeeper") / "bench-bert-base"


def settings(folder: Path) -> EngineSettings | None:
    """Those that name the stand-in as a detoxify checkpoint; ``None`` where none was made yet."""
    digest = folder / _DIGEST
    if not digest.is_file():
        return None
    sha256 = digest.read_text("utf-8")
    checkpoint = str(folder / _CHECKPOINT)
    return EngineSettings(name="detoxify:original", checkpoint=checkpoint, sha256=sha256)


def make(folder: Path, seconds: float | None) -> None:
    """Make the checkpoint, which takes ten seconds, as a whole or not at all.

    Raises ``Lost`` where a library is missing or the time is up.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".making-") as room:
        made = Path(room) / folder.name
        made.mkdir()
        apart(_make, (made, folder), seconds)
        shutil.rmtree(folder, ignore_errors=True)
        made.replace(folder)


def _make(places: tuple[Path, Path]) -> None:
    """In a process of its own, since it needs torch."""
    try:
        torch = importlib.import_module("torch")
        transformers = importlib.import_module("transformers")
    except ImportError as error:
        raise EngineUnavailable(
            f"{error.name} is not installed: pip install 'tidekeeper[detoxify]'"
        ) from error
    _write(torch, transformers, *places)


def _write(torch: Any, transformers: Any, room: Path, folder: Path) -> None:
    """Everything into ``room``, with names as they are once it is ``folder``."""
    (room / "vocab.txt").write_text("\n".join(_vocabulary()), encoding="utf-8")
    told = {"tokenizer_class": "BertTokenizer", "do_lower_case": True, "model_max_length": 512}
    (room / "tokenizer_config.json").write_text(json.dumps(told), encoding="utf-8")
    torch.manual_seed(3)
    config = transformers.BertConfig(vocab_size=_VOCABULARY, num_labels=len(_CLASSES))
    config.save_pretrained(room)
    weights = transformers.BertForSequenceClassification(config).state_dict()
    weights["classifier.bias"] += _HARMLESS
    arch = {
        "model_type": str(folder),
        "model_name": "BertForSequenceClassification",
        "tokenizer_name": "BertTokenizer",
        "num_classes": len(_CLASSES),
    }
    told = {"dataset": {"args": {"classes": list(_CLASSES)}}, "arch": {"args": arch}}
    torch.save({"config": told, "state_dict": weights}, room / _CHECKPOINT)
    with (room / _CHECKPOINT).open("rb") as content:
        digest = hashlib.file_digest(content, "sha256").hexdigest()
    (room / _DIGEST).write_text(digest, encoding="utf-8")


def _vocabulary() -> list[str]:
    """The chat's words and single letters, and as many more as the real one has: one word is
    about one token, as with the real one.
    """
    words = {w for text in islice(chat(), _SAMPLE) for w in re.findall(r"\w+|\W", text.lower())}
    letters = [chr(code) for code in range(ord("!"), ord("~") + 1) if not chr(code).isupper()]
    known = [*_SPECIAL, *letters, *(f"##{letter}" for letter in letters)]
    known += sorted(words - set(known) - {" ", "\n"})
    return known + [f"unused{number}" for number in range(_VOCABULARY - len(known))]
