"""Points for TensorBoard's projector: the files beside the events that it reads."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from google.protobuf import text_format
from tensorboard.plugins.projector.projector_config_pb2 import EmbeddingInfo, ProjectorConfig

CONFIG = "projector_config.pbtxt"
_QUOTED = {"%": "%25", "/": "%2f", "\\": "%5c"}


def write(
    folder: str, points: np.ndarray[Any, Any], labels: Sequence[Any] | None,
    header: Sequence[str] | None, pictures: np.ndarray[Any, Any] | None, step: int, tag: str,
) -> None:  # fmt: skip
    """Writes points (a row each), their labels and pictures, and adds them to the config."""
    if points.ndim != 2:
        raise AssertionError(
            "mat should be 2D, where mat.size(0) is the number of data points"
        )
    if labels is not None and len(labels) != len(points):
        raise AssertionError("#labels should equal with #data points")
    if pictures is not None and len(pictures) != len(points):
        raise AssertionError("#images should equal with #data points")
    place = f"{step:05d}/{''.join(_QUOTED.get(one, one) for one in tag)}"
    own = Path(folder, place)
    if own.exists():
        warnings.warn(f"{own} is there already: give each embedding a global_step", stacklevel=3)
    own.mkdir(parents=True, exist_ok=True)
    info = EmbeddingInfo(tensor_name=f"{tag}:{step:05d}", tensor_path=f"{place}/tensors.tsv")
    _table(own / "tensors.tsv", points.tolist())
    if labels is not None:
        info.metadata_path = f"{place}/metadata.tsv"
        _table(own / "metadata.tsv", [*([header] if header else []), *labels])
    if pictures is not None:
        info.sprite.image_path = f"{place}/sprite.png"
        info.sprite.single_image_dim.extend([pictures.shape[3], pictures.shape[2]])
        _sprite(own / "sprite.png", pictures)
    with open(Path(folder, CONFIG), "a") as config:
        config.write(text_format.MessageToString(ProjectorConfig(embeddings=[info])))


def _table(path: Path, rows: Sequence[Any]) -> None:
    """A line for each row; a row of several columns has tabs between them."""
    listed = [row if isinstance(row, list | tuple) else [row] for row in rows]
    lines = ["\t".join(map(str, row)) + "\n" for row in listed]
    path.write_text("".join(lines), encoding="utf-8")


def _sprite(path: Path, pictures: np.ndarray[Any, Any]) -> None:
    """All pictures (N, C, H, W) in one, row by row, of as many rows as columns."""
    from PIL import Image

    count, _, height, width = pictures.shape
    if pictures.dtype != np.uint8:
        pictures = (pictures * 255).clip(0, 255).astype(np.uint8)
    side = math.ceil(math.sqrt(count))
    size = side * max(height, width)  # a square
    whole = np.zeros((size, size, 3), np.uint8)
    for at, picture in enumerate(pictures):
        top, left = at // side * height, at % side * width
        whole[top : top + height, left : left + width] = picture.transpose(1, 2, 0)
    Image.fromarray(whole).save(path)
