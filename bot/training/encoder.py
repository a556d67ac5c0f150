"""The second stage's encoder: the lower layers of the base, taught to tell abuse.

A BERT encoder (Devlin et al. 2019) cut to its lower layers, of which fine-tuning needs few (Sajjad
et al. 2023, "On the effect of dropping layers"), the mean of its outputs, and one line for each
label. The word vectors stay as published, so they ship in four bits without a loss.
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from bot.training.base import WIDTH, Base, unpacked

LAYERS = 6
HEADS = 12
POSITIONS = 128
"""Tokens that the encoder reads at once."""
LABELS = 6
_BATCH = 64
_CHUNK = 50
RATE = 1.5e-4
_WARM = 0.06
_LONGEST = 80
_START, _PAD, _END = 0, 1, 2
_HALVED = torch.backends.cpu.get_cpu_capability().startswith("AVX512")
"""Whether bfloat16 is computed as such; elsewhere it takes twenty times as long as 32 bits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """Token ids without the ends, targets (6) with NaN where nothing is known, and its worth.

    ``source`` numbers the data set whose own idea of "toxic" is told apart; 0 is the one we want.
    """

    ids: tuple[int, ...]
    targets: tuple[float, ...]
    worth: float
    source: int


class _Layer(nn.Module):  # type: ignore[misc]  # mypy does not follow torch
    def __init__(self, base: Base, at: int) -> None:
        super().__init__()
        self.attend = _linear(base, f"l{at}.q", f"l{at}.k", f"l{at}.v")
        self.out = _linear(base, f"l{at}.ao")
        self.norm = _norm(base, f"l{at}.aln")
        self.widen = _linear(base, f"l{at}.fi")
        self.narrow = _linear(base, f"l{at}.fo")
        self.last = _norm(base, f"l{at}.oln")

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        size, length, width = x.shape
        parts = self.attend(x).view(size, length, 3, HEADS, width // HEADS).permute(2, 0, 3, 1, 4)
        query, key, value = parts[0], parts[1], parts[2]
        alike = query @ key.transpose(-1, -2) * (width // HEADS) ** -0.5 + mask.to(query.dtype)
        seen = (alike.softmax(-1).to(value.dtype) @ value).transpose(1, 2)
        x = self.norm(x + self.out(seen.reshape(size, length, width)))
        return self.last(x + self.narrow(functional.gelu(self.widen(x))))


class Encoder(nn.Module):  # type: ignore[misc]  # as above
    """From token ids (n, tokens) to log-odds (n, 6); pieces are numbered as in ``kept``."""

    def __init__(self, base: Base, kept: Sequence[int], sources: int) -> None:
        super().__init__()
        words = unpacked(base.scales[kept], base.nibbles[kept]).reshape(len(kept), WIDTH)
        self.words = nn.Embedding.from_pretrained(torch.from_numpy(words), freeze=True)
        places = base.tensors["emb.pos"][:POSITIONS] + base.tensors["emb.type"][0]
        self.places = nn.Parameter(torch.from_numpy(places.copy()))
        self.norm = _norm(base, "emb.ln")
        self.layers = nn.ModuleList(_Layer(base, at) for at in range(LAYERS))
        self.head = nn.Linear(WIDTH, LABELS)
        self.habits = nn.Parameter(torch.zeros(sources))

    def forward(self, ids: Tensor) -> Tensor:
        here = ids != _PAD
        mask = torch.where(here, 0.0, -1e4)[:, None, None, :]
        x = self.norm(self.words(ids) + self.places[: ids.shape[1]])
        for layer in self.layers:
            x = layer(x, mask)
        share = here.to(x.dtype)[:, :, None]
        return self.head((x * share).sum(1) / share.sum(1))


def train(
    model: Encoder,
    rounds: Sequence[Sequence[Example]],
    *,
    seed: int,
    threads: int,
    rate: float = RATE,
) -> None:
    """Fit the encoder in place: AdamW, a linear warm-up and fall, bfloat16 where safe and fast.

    ``rate`` is the learning rate at its highest.
    """
    torch.manual_seed(seed)
    torch.set_num_threads(threads)
    learned = [weight for weight in model.parameters() if weight.requires_grad]
    optimiser = torch.optim.AdamW(learned, lr=rate, weight_decay=0.01)
    batches = [batch for at, read in enumerate(rounds) for batch in _batches(read, seed + at)]
    rise = max(1, int(len(batches) * _WARM))
    falling = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda step: min((step + 1) / rise, (len(batches) - step) / len(batches))
    )
    model.train()
    began, shown = time.monotonic(), 0.0
    for number, batch in enumerate(batches, 1):
        loss = _loss(model, batch)
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(learned, 1.0)
        optimiser.step()
        falling.step()
        shown = float(loss.detach()) if number == 1 else 0.99 * shown + 0.01 * float(loss.detach())
        if number % 100 == 0:
            spent = time.monotonic() - began
            print(f"{number}/{len(batches)} loss {shown:.4f} {spent:.0f} s", file=sys.stderr)
    model.eval()


def logits(model: Encoder, ids: Sequence[Sequence[int]]) -> NDArray[np.float32]:
    """Log-odds (n, 6) of token ids without the ends."""
    found = np.zeros((len(ids), LABELS), dtype=np.float32)
    order = sorted(range(len(ids)), key=lambda at: len(ids[at]))
    with torch.inference_mode():
        for at in range(0, len(order), _BATCH):
            places = order[at : at + _BATCH]
            found[places] = model(_padded([ids[place] for place in places], POSITIONS)).numpy()
    return found


def _loss(model: Encoder, batch: Sequence[Example]) -> Tensor:
    ids = _padded([one.ids for one in batch], _LONGEST)
    targets = torch.tensor([one.targets for one in batch])
    worth = torch.tensor([one.worth for one in batch])[:, None]
    sources = torch.tensor([one.source for one in batch])
    with torch.autocast("cpu", torch.bfloat16, enabled=_HALVED):
        found = model(ids).float()
    habit = model.habits[sources] * (sources > 0)
    found = torch.cat([found[:, :1] + habit[:, None], found[:, 1:]], dim=1)
    known = ~torch.isnan(targets)
    each = functional.binary_cross_entropy_with_logits(
        found, torch.nan_to_num(targets), reduction="none"
    )
    share = torch.tensor([1.0, *[0.3] * (LABELS - 1)])
    return (each * known * worth * share).sum() / worth.sum() + 1e-3 * model.habits.square().sum()


def _batches(examples: Sequence[Example], seed: int) -> Iterator[list[Example]]:
    """Random batches of texts of like length, so that little is padded."""
    chance = random.Random(seed)
    order = list(examples)
    chance.shuffle(order)
    size = _BATCH * _CHUNK
    batches = []
    for at in range(0, len(order), size):
        chunk = sorted(order[at : at + size], key=lambda one: len(one.ids))
        batches += [chunk[first : first + _BATCH] for first in range(0, len(chunk), _BATCH)]
    chance.shuffle(batches)
    yield from batches


def _padded(ids: Sequence[Sequence[int]], longest: int) -> Tensor:
    rows = [[_START, *one[: longest - 2], _END] for one in ids]
    length = max(len(row) for row in rows)
    return torch.tensor([row + [_PAD] * (length - len(row)) for row in rows])


def _linear(base: Base, *names: str) -> nn.Linear:
    weight = np.concatenate([base.tensors[f"{name}.w"] for name in names])
    made = nn.Linear(weight.shape[1], weight.shape[0])
    made.weight.data = torch.from_numpy(weight.copy())
    made.bias.data = torch.from_numpy(np.concatenate([base.tensors[f"{name}.b"] for name in names]))
    return made


def _norm(base: Base, name: str) -> nn.LayerNorm:
    made = nn.LayerNorm(WIDTH, eps=1e-12)
    made.weight.data = torch.from_numpy(base.tensors[f"{name}.w"].copy())
    made.bias.data = torch.from_numpy(base.tensors[f"{name}.b"].copy())
    return made
