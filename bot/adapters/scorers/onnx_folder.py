"""What ``tidekeeper engine export`` makes: a folder of graphs and weights under one manifest.

``manifest.json`` names every file with its size and SHA-256, so the manifest's own SHA-256 stands
for all of them. Sizes are compared whenever the folder is opened: that costs nothing and finds a
copy that broke off. Digests are compared only when the settings name the manifest's (``engine.sha256``):
reading 700 MB takes longer than everything else at the start, and unlike a pickle, none of these
files can run code.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from moderation.errors import EngineUnavailable

MANIFEST = "manifest.json"
FORMAT = "tidekeeper-onnx@1"
TOKENIZER = "tokenizer.json"
INT8 = "model.int8.onnx"
FP32 = "model.fp32.onnx"
_AGAIN = "export it again with: tidekeeper engine export"


@dataclass(frozen=True, slots=True, kw_only=True)
class MappedWeight:
    """A weight in fp16 that the engine maps from a file: its place in bytes and its shape."""

    name: str
    file: str
    offset: int
    shape: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstBound:
    """Below ``clear`` (0-1) the word of another engine, by its name, counts."""

    engine: str
    clear: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """An opened folder. ``clear`` (0-1) is the bound below which the int8 model's word counts.

    ``labels`` are the outputs in order; ``longest`` counts tokens; ``judge`` are the graphs of the
    judge in order; ``mapped`` are weights by graph; ``sha256`` is the manifest's.
    """

    folder: Path
    model: str
    labels: tuple[str, ...]
    longest: int
    padding: int
    clear: float
    first: FirstBound | None
    judge: tuple[str, ...]
    mapped: Mapping[str, Sequence[MappedWeight]]
    sha256: str


_Files = Mapping[str, tuple[int, str]]


def open_folder(folder: Path, sha256: str = "") -> Exported:
    """Read and check the folder; see the module for what is compared.

    Raises ``EngineUnavailable`` for what is missing, damaged, or not ours.
    """
    exported, files = _read(folder, sha256)
    _check_files(folder, files, digests=bool(sha256))
    return exported


def measured_first(folder: Path) -> str:
    """The name of the engine that the folder was measured with as first stage; empty for none.

    Raises ``EngineUnavailable`` as ``open_folder`` does for the manifest.
    """
    first = _read(folder, "")[0].first
    return first.engine if first else ""


def _read(folder: Path, sha256: str) -> tuple[Exported, _Files]:
    place = folder / MANIFEST
    try:
        content = place.read_bytes()
    except OSError as error:
        said = (error.strerror or "cannot be read").lower()
        raise EngineUnavailable(f"{place}: {said}; name the folder of an export") from error
    found = hashlib.sha256(content).hexdigest()
    if sha256 and found != sha256:
        raise EngineUnavailable(
            f"{place}: its SHA-256 is {found}, not the one in engine.sha256; "
            "copy the export again, or correct the setting if you trust this one"
        )
    try:
        read = json.loads(content)
        files = {_inside(n): (int(f["bytes"]), str(f["sha256"])) for n, f in read["files"].items()}
        return _exported(folder, read, found), files
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise EngineUnavailable(
            f"{place}: is no manifest of an export ({type(error).__name__}); {_AGAIN}"
        ) from error


def _exported(folder: Path, read: Mapping[str, Any], sha256: str) -> Exported:
    if read["format"] != FORMAT:
        raise ValueError("another format")
    labels = tuple(str(label) for label in read["labels"])
    if "toxicity" not in labels:
        raise ValueError("no toxicity")
    first = read["bounds"]["first"]
    return Exported(
        folder=folder,
        model=str(read["model"]),
        labels=labels,
        longest=int(read["longest"]),
        padding=int(read["padding"]),
        clear=_bound(read["bounds"]["clear"]),
        first=first and FirstBound(engine=str(first["engine"]), clear=_bound(first["clear"])),
        judge=tuple(_inside(name) for name in read["judge"]),
        mapped={graph: tuple(map(_mapped, each)) for graph, each in read["mapped"].items()},
        sha256=sha256,
    )


def _bound(written: Any) -> float:
    bound = float(written)
    if not 0 <= bound <= 1:
        raise ValueError("a bound outside 0 to 1")
    return bound


def _mapped(written: Mapping[str, Any]) -> MappedWeight:
    return MappedWeight(
        name=str(written["name"]),
        file=_inside(written["file"]),
        offset=int(written["offset"]),
        shape=tuple(int(size) for size in written["shape"]),
    )


def _inside(name: Any) -> str:
    """A plain name of a file in the folder."""
    if not isinstance(name, str) or Path(name).name != name:
        raise ValueError("no name of a file")
    return name


def _check_files(folder: Path, files: _Files, *, digests: bool) -> None:
    for name, (size, digest) in files.items():
        file = folder / name
        try:
            if (found := file.stat().st_size) != size:
                raise EngineUnavailable(
                    f"{file}: has {found:,} bytes instead of {size:,}; {_AGAIN}"
                )
            with file.open("rb") as content:
                if digests and hashlib.file_digest(content, "sha256").hexdigest() != digest:
                    raise EngineUnavailable(f"{file}: is not the file of the manifest; {_AGAIN}")
        except OSError as error:
            said = (error.strerror or "cannot be read").lower()
            raise EngineUnavailable(f"{file}: {said}; {_AGAIN}") from error
