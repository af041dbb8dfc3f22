"""Files to tensors: a checkpoint of 500 MB, and a folder of JPEGs through a DataLoader.

Both are made once, by `make`, in a folder that the environment names; then each side reads them.
"""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

FOLDER = "BENCH_FOLDER"
LAYERS, WIDTH, WORDS = 12, 896, 4096  # of a transformer: 148 tensors, 130 million numbers
PICTURES, SIDE, CROP, BATCH, PASSES = 768, 256, 224, 32, 4


def make(side: str, name: str) -> dict[str, Any]:
    """Writes the checkpoint, by real torch, and the pictures; gives the checkpoint's size."""
    folder = Path(os.environ[FOLDER])
    torch = __import__("torch")
    torch.save({key: torch.randn(shape) for key, shape in _shapes()}, folder / "checkpoint.pt")
    _draw(folder / "pictures")
    return {"mb": (folder / "checkpoint.pt").stat().st_size / 2**20}


def _shapes() -> Iterator[tuple[str, tuple[int, ...]]]:
    yield "words.weight", (WORDS, WIDTH)
    yield "places.weight", (1024, WIDTH)
    for at in range(LAYERS):
        for part, out, width in (
            ("attention.in", 3 * WIDTH, WIDTH), ("attention.out", WIDTH, WIDTH),
            ("up", 4 * WIDTH, WIDTH), ("down", WIDTH, 4 * WIDTH),
        ):  # fmt: skip
            yield f"layers.{at}.{part}.weight", (out, width)
            yield f"layers.{at}.{part}.bias", (out,)
        for part in ("norm1", "norm2"):
            yield f"layers.{at}.{part}.weight", (WIDTH,)
            yield f"layers.{at}.{part}.bias", (WIDTH,)
    yield "head.weight", (2 * WORDS, WIDTH)


def _draw(folder: Path) -> None:
    """JPEGs of two classes: parts of scikit-learn's photographs, enlarged."""
    from PIL import Image
    from sklearn.datasets import load_sample_images

    photographs = [Image.fromarray(one) for one in load_sample_images().images]
    random = np.random.default_rng(0)
    for at in range(PICTURES):
        picture = photographs[at % 2]
        left, top = random.integers(0, picture.width - 200), random.integers(0, 200)
        part = picture.crop((left, top, left + 200, top + 200)).resize((SIDE, SIDE))
        (folder / str(at % 2)).mkdir(parents=True, exist_ok=True)
        part.save(folder / str(at % 2) / f"{at:04}.jpg", quality=90)


def checkpoint(side: str, name: str) -> dict[str, Any]:
    """Wall and CPU seconds of `load`, and by how many MB memory was at its peak above before.

    name  "read"; "mapped" (`mmap=True`); "mapped, summed", each tensor then being read once
    """
    torch = __import__(side)
    torch.zeros(2).sum().item()
    file = Path(os.environ[FOLDER]) / "checkpoint.pt"
    with file.open("rb", buffering=0) as bytes_:  # into the system's cache, not into our memory
        while bytes_.read(1 << 20):
            pass
    load = torch.load  # which imports what it needs
    before = _resident()
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
    wall, cpu = time.perf_counter(), time.process_time()
    loaded = load(file, mmap=name.startswith("mapped"))
    if name.endswith("summed"):
        for one in loaded.values():
            one.sum().item()
    result = {"seconds": time.perf_counter() - wall, "cpu": time.process_time() - cpu}
    return result | {"mb": _peak() - before, "tensors": len(loaded)}


def _status(what: str) -> float:
    text = Path("/proc/self/status").read_text()
    return int(text.partition(what + ":")[2].split()[0]) / 1024


def _resident() -> float:
    return _status("VmRSS")


def _peak() -> float:
    return _status("VmHWM")


class Pictures:
    """A data set of files that pillow decodes and NumPy augments: the same on either side."""

    def __init__(self, torch: Any, folder: Path) -> None:
        self.torch, self.files = torch, sorted(folder.glob("*/*.jpg"))

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, at: int) -> tuple[Any, int]:
        from PIL import Image

        with Image.open(self.files[at]) as file:
            picture = file.convert("RGB")
        array = np.asarray(picture.resize((CROP, CROP), Image.Resampling.BILINEAR))
        if at % 2:
            array = array[:, ::-1]
        numbers = (array.astype(np.float32) / 255 - 0.45) / 0.225
        planes = np.ascontiguousarray(numbers.transpose(2, 0, 1))
        return self.torch.from_numpy(planes), at % 2


def _by_torchvision(side: str, folder: Path) -> Any:
    """ImageFolder with the transforms that training on ImageNet uses."""
    vision = __import__("torchvision" if side == "torch" else "compat.vision", fromlist=["x"])
    change = vision.transforms
    return vision.datasets.ImageFolder(str(folder), change.Compose([
        change.RandomResizedCrop(CROP), change.RandomHorizontalFlip(), change.ToTensor(),
        change.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
    ]))  # fmt: skip


def pictures(side: str, name: str) -> dict[str, Any]:
    """Images a second through a DataLoader with 2 workers, their start left out and put in.

    name  "plain" (pillow and NumPy) or "torchvision"
    """
    torch = __import__(side)
    torch.set_num_threads(1)
    folder = Path(os.environ[FOLDER]) / "pictures"
    dataset = Pictures(torch, folder) if name == "plain" else _by_torchvision(side, folder)
    loader = torch.utils.data.DataLoader(
        dataset, BATCH, shuffle=True, num_workers=2, persistent_workers=True
    )
    begin = _cpu(resource.RUSAGE_SELF)
    passes = [_pass(loader) for _ in range(PASSES)]
    here = _cpu(resource.RUSAGE_SELF) - begin
    del loader  # ends the workers, whose time counts from then on
    there = _cpu(resource.RUSAGE_CHILDREN)
    return {
        "first": PICTURES / passes[0],
        "rate": PICTURES / min(passes[1:]),
        "cpu_ms": (here + there) / PICTURES / PASSES * 1e3,
        "parent_cpu_ms": here / PICTURES / PASSES * 1e3,
    }


def _cpu(whose: int) -> float:
    used = resource.getrusage(whose)
    return used.ru_utime + used.ru_stime


def _pass(loader: Any) -> float:
    """Seconds of one pass over the pictures."""
    begin, seen = time.perf_counter(), 0
    for images, labels in loader:
        assert images.shape[1:] == (3, CROP, CROP) and len(labels) == len(images)
        seen += len(images)
        last = images
    assert seen == PICTURES
    float(last[0, 0, 0, 0])
    return time.perf_counter() - begin
