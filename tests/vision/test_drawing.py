"""Things drawn on pictures, and pictures in files."""

from __future__ import annotations

from pathlib import Path

import pytest

import compat
from compat.vision import io, utils

Image = pytest.importorskip("PIL.Image", reason="Pillow is the extra `vision`")


def blank(value: int = 0) -> compat.Tensor:
    return compat.full((3, 20, 30), value, dtype=compat.uint8)


def test_boxes_are_outlined() -> None:
    boxes = compat.tensor([[2, 3, 12, 9], [15, 5, 28, 18]])
    made = utils.draw_bounding_boxes(blank(), boxes, colors=["red", (0, 0, 9)])
    expected = blank()
    for channel, value, (left, top, right, bottom) in zip((0, 2), (255, 9), boxes.tolist()):
        plane = expected[channel]
        plane[top, left : right + 1] = plane[bottom, left : right + 1] = value
        plane[top : bottom + 1, left] = plane[top : bottom + 1, right] = value
    assert compat.equal(made, expected)
    assert utils.draw_bounding_boxes(blank(), boxes, ["a", None], "red", True)[:, 6, 6].any()
    with pytest.raises(ValueError, match="xmin"):
        utils.draw_bounding_boxes(blank(), boxes.flip(1))


def test_masks_are_mixed_in() -> None:
    masks = compat.zeros(2, 20, 30, dtype=compat.bool)
    masks[0, :5] = True
    masks[1, 4:6] = True
    made = utils.draw_segmentation_masks(blank(100), masks, 0.5, ["red", (0, 200, 0)])
    assert made[:, 0, 0].tolist() == [177, 50, 50] and made[:, 5, 0].tolist() == [50, 150, 50]
    assert made[:, 4, 0].tolist() == [50, 50, 50] and made[:, 9, 0].tolist() == [100, 100, 100]


def test_points_and_flow() -> None:
    points = compat.tensor([[[5.0, 5.0], [20.0, 5.0]]])
    made = utils.draw_keypoints(blank(), points, [(0, 1)], colors="blue", radius=1, width=1)
    assert made[:, 5, 5].tolist() == [255, 255, 255] and made[:, 4, 20].tolist() == [0, 0, 255]
    flow = compat.zeros(2, 4, 5)
    flow[0, 0, 0] = 1.0
    colours = utils.flow_to_image(flow)
    assert colours[:, 0, 0].tolist() == [255, 0, 0] and (colours[:, 1:] == 255).all()


def test_pictures_in_files(tmp_path: Path) -> None:
    compat.manual_seed(0)
    picture = compat.randint(0, 256, (3, 6, 5), dtype=compat.uint8)
    io.write_png(picture, str(tmp_path / "a.png"))
    assert compat.equal(io.read_image(tmp_path / "a.png"), picture)
    grey = io.read_image(str(tmp_path / "a.png"), io.ImageReadMode.GRAY)
    with Image.open(tmp_path / "a.png") as opened:
        assert grey[0].tolist() == [
            [opened.convert("L").getpixel((x, y)) for x in range(5)] for y in range(6)
        ]
    io.write_jpeg(blank(70), str(tmp_path / "b.jpg"))
    assert (io.decode_jpeg(io.read_file(str(tmp_path / "b.jpg"))) - 70 == 0).all()
    assert io.decode_image(io.encode_png(picture[:1]), "RGB_ALPHA").shape == (4, 6, 5)
    with pytest.raises(RuntimeError, match="PNG"):
        io.decode_png(io.encode_jpeg(picture))
