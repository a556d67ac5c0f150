"""Tiny checkpoints with seeded weights in the format of the detoxify library."""

from __future__ import annotations

import hashlib
import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest

ORIGINAL = ["toxic", "severe_toxic", "obscene", "threat", "insult", "identity_hate"]
UNBIASED = ["toxicity", "severe_toxicity", "obscene", "identity_attack", "insult", "threat"]
WORDS = ("you", "are", "nice", "idiot", "the")
installed = all(importlib.util.find_spec(name) for name in ("detoxify", "torch", "transformers"))
needs_detoxify = pytest.mark.skipif(
    not installed, reason="detoxify is not installed: pip install 'tidekeeper[detoxify]'"
)


def tiny(
    folder: Path, classes: list[str], *, leave_out: str = "", kind: str = "bert"
) -> tuple[Path, str]:
    """A two-layer ``bert`` or ``roberta`` as a detoxify checkpoint; its path and digest."""
    import torch

    torch.manual_seed(3)
    make = _bert if kind == "bert" else _roberta
    model, arch = make(folder, len(classes))
    model.config.save_pretrained(folder)
    weights = model.state_dict()
    path = folder / "tiny.ckpt"
    torch.save(
        {
            "config": {"dataset": {"args": {"classes": classes}}, "arch": {"args": arch}},
            "state_dict": {name: each for name, each in weights.items() if name != leave_out},
        },
        path,
    )
    return path, hashlib.sha256(path.read_bytes()).hexdigest()


SIZE: dict[str, Any] = {
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 32,
    "initializer_range": 1.0,
}


def _bert(folder: Path, labels: int) -> tuple[Any, dict[str, object]]:
    from transformers import BertConfig, BertForSequenceClassification

    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS]
    (folder / "vocab.txt").write_text("\n".join(words), encoding="utf-8")
    _about(folder, "BertTokenizer", do_lower_case=True)
    config = BertConfig(
        vocab_size=len(words), max_position_embeddings=64, num_labels=labels, **SIZE
    )
    return BertForSequenceClassification(config), _arch("bert-base-uncased", "Bert", labels)


def _roberta(folder: Path, labels: int) -> tuple[Any, dict[str, object]]:
    from tokenizers.pre_tokenizers import ByteLevel
    from transformers import RobertaConfig, RobertaForSequenceClassification

    letters = ["<s>", "<pad>", "</s>", "<unk>", "<mask>", *sorted(ByteLevel.alphabet())]
    vocabulary = {letter: number for number, letter in enumerate(letters)}
    (folder / "vocab.json").write_text(json.dumps(vocabulary), encoding="utf-8")
    (folder / "merges.txt").write_text("#version: 0.2\n", encoding="utf-8")
    _about(folder, "RobertaTokenizer")
    config = RobertaConfig(
        vocab_size=len(letters), max_position_embeddings=66, num_labels=labels, **SIZE
    )
    return RobertaForSequenceClassification(config), _arch("roberta-base", "Roberta", labels)


def _about(folder: Path, name: str, **more: object) -> None:
    about = json.dumps({"tokenizer_class": name, **more})
    (folder / "tokenizer_config.json").write_text(about, encoding="utf-8")


def _arch(base: str, family: str, labels: int) -> dict[str, object]:
    return {
        "model_type": base,
        "model_name": f"{family}ForSequenceClassification",
        "tokenizer_name": f"{family}Tokenizer",
        "num_classes": labels,
    }
