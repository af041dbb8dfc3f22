"""Readers on small files in the data sets' own formats, each made here from its description."""

from __future__ import annotations

import bz2
import gzip
import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from compat.vision import datasets

Image = pytest.importorskip("PIL.Image", reason="Pillow is the extra `vision`")
Case = tuple[str, dict[str, Any], list[Any]]  # the class, its settings, the targets in order


def picture(path: Path, seed: int = 0, size: tuple[int, int] = (6, 5), mode: str = "RGB") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    shape = (size[1], size[0], 3) if mode == "RGB" else (size[1], size[0])
    pixels = np.random.RandomState(seed).randint(0, 256, shape, dtype=np.uint8)
    Image.fromarray(pixels, mode).save(path)


def text(path: Path, lines: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(lines)


def matlab(path: Path, **variables: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pytest.importorskip("scipy.io").savemat(path, variables)


def noise(*shape: int) -> np.ndarray[Any, Any]:
    return np.random.RandomState(len(shape)).randint(0, 256, shape, dtype=np.uint8)


def stl10(root: Path) -> list[Case]:
    base = root / "stl10_binary"
    text(base / "class_names.txt", "\n".join("abcdefghij"))
    text(base / "fold_indices.txt", "\n".join(["0 2", *["1 2"] * 9]) + "\n")
    for part, count in (("train", 3), ("test", 2), ("unlabeled", 1)):
        noise(count, 3, 96, 96).tofile(base / f"{part}_X.bin")
        if part != "unlabeled":
            np.arange(1, count + 1, dtype=np.uint8).tofile(base / f"{part}_y.bin")
    return [
        ("STL10", {"split": "train"}, [0, 1, 2]), ("STL10", {"split": "test"}, [0, 1]),
        ("STL10", {"split": "train", "folds": 0}, [0, 2]), ("STL10", {"split": "unlabeled"}, [-1]),
        ("STL10", {"split": "train+unlabeled"}, [0, 1, 2, -1]),
    ]  # fmt: skip


def svhn(root: Path) -> list[Case]:
    labels = np.array([[10], [3]], np.uint8)
    matlab(root / "extra_32x32.mat", X=noise(32, 32, 3, 2), y=labels)
    return [("SVHN", {"split": "extra"}, [0, 3])]


def usps(root: Path) -> list[Case]:
    rows = np.random.RandomState(0).uniform(-1, 1, (2, 256))
    lines = [
        f"{label} " + " ".join(f"{at + 1}:{one:.4f}" for at, one in enumerate(row))
        for label, row in zip((7, 10), rows, strict=True)
    ]
    (root / "usps.t.bz2").write_bytes(bz2.compress("\n".join(lines).encode()))
    return [("USPS", {"train": False}, [6, 9])]


def semeion(root: Path) -> list[Case]:
    bits = noise(2, 256) > 127
    table = np.concatenate([bits, np.eye(10)[[4, 0]]], 1)
    np.savetxt(root / "semeion.data", table, fmt="%.4f")
    return [("SEMEION", {"download": False}, [4, 0])]


def qmnist(root: Path) -> list[Case]:
    raw = root / "QMNIST" / "raw"
    raw.mkdir(parents=True)
    for name, kind, array in (
        ("qmnist-test-images-idx3-ubyte", 8, noise(3, 28, 28)),
        ("qmnist-test-labels-idx2-int", 12, np.arange(24, dtype=">i4").reshape(3, 8)),
    ):
        head = struct.pack(">HBB", 0, kind, array.ndim) + struct.pack(
            f">{array.ndim}I", *array.shape
        )
        (raw / name).write_bytes(head + array.tobytes())
        (raw / f"{name}.gz").write_bytes(gzip.compress(head + array.tobytes()))
    return [("QMNIST", {"what": "test"}, [0, 8, 16])]


def coco(root: Path) -> list[Case]:
    for at in (1, 2):
        picture(root / "pictures" / f"{at}.png", at)
    boxes = [
        {"id": 5, "image_id": 2, "category_id": 1, "bbox": [0, 1, 2, 3], "area": 6, "iscrowd": 0},
        {"id": 4, "image_id": 1, "category_id": 3, "bbox": [1, 1, 2, 2], "area": 4, "iscrowd": 0},
        {"id": 6, "image_id": 2, "category_id": 3, "bbox": [1, 1, 9, 2], "area": 18, "iscrowd": 1},
    ]
    said = [{"id": n, "image_id": 1 + n % 2, "caption": f"number {n}"} for n in range(4)]
    images = [{"id": at, "file_name": f"{at}.png"} for at in (2, 1)]
    kinds = [{"id": 1, "name": "cat"}, {"id": 3, "name": "dog"}]
    for name, found in (("boxes", boxes), ("said", said)):
        facts = {"images": images, "annotations": found, "categories": kinds}
        text(root / f"{name}.json", json.dumps(facts))
    place = {"root": str(root / "pictures")}
    return [
        ("CocoDetection", place | {"annFile": str(root / "boxes.json")},
         [[boxes[1]], [boxes[0], boxes[2]]]),
        ("CocoCaptions", place | {"annFile": str(root / "said.json")},
         [["number 0", "number 2"], ["number 1", "number 3"]]),
    ]  # fmt: skip


def food101(root: Path) -> list[Case]:
    base = root / "food-101"
    lists = {"soup": ["soup/1", "soup/2"], "cake": ["cake/7"]}
    text(base / "meta" / "test.json", json.dumps(lists))
    for name in ("soup/1", "soup/2", "cake/7"):
        picture(base / "images" / f"{name}.jpg")
    return [("Food101", {"split": "test"}, [1, 1, 0])]


def dtd(root: Path) -> list[Case]:
    base = root / "dtd" / "dtd"
    text(base / "labels" / "val2.txt", "dotted/a.jpg\nbanded/b.jpg\n")
    picture(base / "images" / "dotted" / "a.jpg")
    picture(base / "images" / "banded" / "b.jpg", 1)
    return [("DTD", {"split": "val", "partition": 2}, [1, 0])]


def gtsrb(root: Path) -> list[Case]:
    base = root / "gtsrb"
    picture(base / "GTSRB" / "Training" / "00000" / "a.ppm")
    picture(base / "GTSRB" / "Training" / "00001" / "b.ppm", 1)
    picture(base / "GTSRB" / "Final_Test" / "Images" / "00000.ppm", 2)
    text(base / "GT-final_test.csv", "Filename;Width;ClassId\n00000.ppm;6;16\n")
    return [("GTSRB", {}, [0, 1]), ("GTSRB", {"split": "test"}, [16])]


def flowers(root: Path) -> list[Case]:
    base = root / "flowers-102"
    for at in (1, 2, 3):
        picture(base / "jpg" / f"image_{at:05d}.jpg", at)
    matlab(base / "imagelabels.mat", labels=np.array([[77, 5, 1]]))
    matlab(base / "setid.mat", trnid=np.array([[1, 3]]), valid=np.array([[2]]), tstid=[[1]])
    return [("Flowers102", {}, [76, 0]), ("Flowers102", {"split": "val"}, [4])]


def aircraft(root: Path) -> list[Case]:
    data = root / "fgvc-aircraft-2013b" / "data"
    text(data / "families.txt", "A300\nBoeing 707\n")
    text(data / "images_family_val.txt", "0034309 Boeing 707\n0034958 A300\n")
    for at, name in enumerate(("0034309", "0034958")):
        picture(data / "images" / f"{name}.jpg", at)
    return [("FGVCAircraft", {"split": "val", "annotation_level": "family"}, [1, 0])]


def scenes(root: Path) -> list[Case]:
    text(root / "SUN397" / "ClassName.txt", "/a/abbey\n/b/beach/wide\n")
    picture(root / "SUN397" / "b" / "beach" / "wide" / "sun_x.jpg")
    return [("SUN397", {}, [1])]


def folders(root: Path) -> list[Case]:
    for at, name in enumerate(("Forest", "River")):
        picture(root / "eurosat" / "2750" / name / "a.jpg", at)
        picture(root / "country211" / "valid" / name / "a.jpg", at)
    for at, name in enumerate(("n03028079", "n01440764")):
        picture(root / "imagenette2-160" / "val" / name / "a.JPEG", at)
    for name in ("negative", "positive"):
        picture(root / "rendered-sst2" / "valid" / name / "a.png")
    return [
        ("EuroSAT", {}, [0, 1]), ("Country211", {"split": "valid"}, [0, 1]),
        ("Imagenette", {"split": "val", "size": "160px"}, [0, 1]),
        ("RenderedSST2", {"split": "val"}, [0, 1]),
    ]  # fmt: skip


def clevr(root: Path) -> list[Case]:
    base = root / "clevr" / "CLEVR_v1.0"
    picture(base / "images" / "val" / "a.png")
    facts = {"scenes": [{"image_filename": "a.png", "objects": [{}, {}, {}]}]}
    text(base / "scenes" / "CLEVR_val_scenes.json", json.dumps(facts))
    return [("CLEVRClassification", {"split": "val"}, [3])]


def faces(root: Path) -> list[Case]:
    row = " ".join(str(one) for one in noise(48 * 48).tolist())
    text(root / "fer2013" / "train.csv", f'emotion,pixels\n4,"{row}"\n')
    return [("FER2013", {}, [4])]


def voc(root: Path) -> list[Case]:
    base = root / "VOCdevkit" / "VOC2012"
    text(base / "ImageSets" / "Main" / "val.txt", "2008_1\n")
    picture(base / "JPEGImages" / "2008_1.jpg")
    text(
        base / "Annotations" / "2008_1.xml",
        "<annotation><size><width>6</width></size><object><name>cat</name><part><name>a</name>"
        "</part><part><name>b</name></part></object><empty/></annotation>",
    )
    inner = {"name": "cat", "part": [{"name": "a"}, {"name": "b"}]}
    facts = {"size": {"width": "6"}, "object": [inner]}
    return [("VOCDetection", {"image_set": "val"}, [{"annotation": facts}])]


def caltech(root: Path) -> list[Case]:
    base = root / "caltech101"
    for at, name in enumerate(("ant", "airplanes", "BACKGROUND_Google")):
        picture(base / "101_ObjectCategories" / name / "image_0001.jpg", at)
    outline = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    for name in ("ant", "Airplanes_Side_2"):
        matlab(base / "Annotations" / name / "annotation_0001.mat", obj_contour=outline)
    for at, name in enumerate(("001.ak47", "002.flag")):
        picture(root / "caltech256" / "256_ObjectCategories" / name / f"{at + 1:03d}_0001.jpg", at)
    return [("Caltech101", {}, [0, 1]), ("Caltech256", {}, [0, 1])]


def celeba(root: Path) -> list[Case]:
    base = root / "celeba"
    names = ["1.jpg", "2.jpg", "3.jpg"]
    for at, name in enumerate(names):
        picture(base / "img_align_celeba" / name, at)

    def table(file: str, rows: list[str], *above: str) -> None:
        lines = [f"{name}  {row}" for name, row in zip(names, rows, strict=True)]
        text(base / file, "\n".join([*above, *lines]) + "\n")

    table("list_eval_partition.txt", ["0", "1", "0"])
    table("identity_CelebA.txt", ["7", "8", "9"])
    table("list_bbox_celeba.txt", ["1 2 3 4"] * 3, "3", "image_id x_1 y_1 width height")
    table("list_landmarks_align_celeba.txt", ["1 2"] * 3, "3", "lefteye_x lefteye_y")
    table("list_attr_celeba.txt", ["-1  1", "1 1", "1 -1"], "3", "Bald Smiling")
    return [("CelebA", {"target_type": "identity"}, [7, 9]),
            ("CelebA", {"split": "valid", "target_type": "identity"}, [8])]  # fmt: skip


def pets(root: Path) -> list[Case]:
    base = root / "oxford-iiit-pet"
    text(base / "annotations" / "test.txt", "Abyssinian_201 1 1 1\nbasset_hound_9 2 2 1\n")
    for at, name in enumerate(("Abyssinian_201", "basset_hound_9")):
        picture(base / "images" / f"{name}.jpg", at)
    kinds = ["category", "binary-category"]
    return [("OxfordIIITPet", {"split": "test", "target_types": kinds}, [(0, 0), (1, 1)])]


def omniglot(root: Path) -> list[Case]:
    base = root / "omniglot-py"
    picture(base / "images_evaluation" / "Greek" / "character01" / "a.png", mode="L")
    (base / "images_evaluation.zip").write_bytes(b"")
    return [("Omniglot", {"background": False}, [0])]


def places(root: Path) -> list[Case]:
    text(root / "categories_places365.txt", "/a/airfield 0\n/a/alley 1\n")
    text(root / "places365_val.txt", "Places365_val_1.jpg 1\n")
    text(root / "places365_train_standard.txt", "/a/alley/5.jpg 1\n/a/airfield/1.jpg 0\n")
    picture(root / "val_256" / "Places365_val_1.jpg")
    picture(root / "data_large_standard" / "a" / "alley" / "5.jpg")
    picture(root / "data_large_standard" / "a" / "airfield" / "1.jpg", 1)
    return [("Places365", {}, [1, 0]), ("Places365", {"split": "val", "small": True}, [1])]


def captions(root: Path) -> list[Case]:
    picture(root / "55_a.jpg")
    text(root / "tokens.txt", "55_a.jpg#0\tone\n55_a.jpg#1\ttwo words\n")
    rows = "<tr><td><a href='x'>http://f/p/55/</a><ul><li>a dog</li><li>a cat</li></ul></td></tr>"
    text(root / "page.html", f"<html><table>{rows}</table></html>")
    return [
        ("Flickr30k", {"ann_file": str(root / "tokens.txt")}, [["one", "two words"]]),
        ("Flickr8k", {"ann_file": str(root / "page.html")}, [["a dog", "a cat"]]),
    ]


def imagenet(root: Path) -> list[Case]:
    import compat

    names = {"n01": ("tench", "Tinca"), "n02": ("goldfish",)}
    compat.save((names, ["n01"]), root / "meta.bin")
    picture(root / "val" / "n02" / "a.JPEG")
    picture(root / "val" / "n01" / "b.JPEG", 1)
    return [("ImageNet", {"split": "val"}, [0, 1])]


def streets(root: Path) -> list[Case]:
    stem = "aachen_000000_000019"
    picture(root / "leftImg8bit" / "val" / "aachen" / f"{stem}_leftImg8bit.png")
    facts = {"imgWidth": 6, "objects": []}
    text(root / "gtFine" / "val" / "aachen" / f"{stem}_gtFine_polygons.json", json.dumps(facts))
    base = root / "Kitti" / "raw" / "training"
    picture(base / "image_2" / "000000.png")
    text(base / "label_2" / "000000.txt", "Car 0.5 1 -0.2 1 2 3 4 1.5 1.6 3.7 1.8 1.5 8.4 0.01\n")
    car = {
        "type": "Car", "truncated": 0.5, "occluded": 1, "alpha": -0.2, "bbox": [1, 2, 3, 4],
        "dimensions": [1.5, 1.6, 3.7], "location": [1.8, 1.5, 8.4], "rotation_y": 0.01,
    }  # fmt: skip
    return [
        ("Cityscapes", {"split": "val", "target_type": "polygon"}, [facts]),
        ("Kitti", {}, [[car]]),
    ]


def people(root: Path) -> list[Case]:
    base = root / "lfw-py"
    for name, number in (("Ann_B", 1), ("Cy_D", 1), ("Cy_D", 2)):
        picture(base / "lfw_funneled" / name / f"{name}_{number:04d}.jpg")
    text(base / "lfw-names.txt", "Ann_B\t1\nCy_D\t2\n")
    text(base / "people.txt", "2\n1\nCy_D\t2\n1\nAnn_B\t1\n")
    text(base / "peopleDevTest.txt", "1\nCy_D\t2\n")
    return [("LFWPeople", {}, [1, 1, 0]), ("LFWPeople", {"split": "test"}, [1, 1])]


MADE: list[Callable[[Path], list[Case]]] = [
    stl10, svhn, usps, semeion, qmnist, coco, food101, dtd, gtsrb, flowers, aircraft, scenes,
    folders, clevr, faces, voc, caltech, celeba, pets, omniglot, places, captions, imagenet,
    streets, people,
]  # fmt: skip


@pytest.mark.parametrize("make", MADE, ids=lambda make: make.__name__)
def test_targets_and_pictures(
    make: Callable[[Path], list[Case]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("compat.vision.datasets.files.check_md5", lambda *_, **__: True)
    for name, settings, targets in make(tmp_path):
        read = getattr(datasets, name)(**{"root": str(tmp_path)} | settings)
        assert len(read) == len(targets), name
        found = [read[at] for at in range(len(read))]
        assert [target for _, target in found] == targets, name
        assert all(image.size[0] >= 5 for image, _ in found), name
        changed = getattr(datasets, name)(
            **{"root": str(tmp_path), "transform": lambda image: image.size} | settings
        )
        assert [image for image, _ in changed] == [image.size for image, _ in found]


@pytest.mark.parametrize("name", ["SVHN", "STL10", "Food101", "VOCDetection", "EuroSAT", "CelebA"])
def test_missing_files_are_told(name: str, tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="Dataset not found"):
        getattr(datasets, name)(str(tmp_path))


def test_a_download_that_fails_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = tmp_path / "source.mat"
    source.write_bytes(b"not what was published")
    listed = {"test": [source.as_uri(), "test_32x32.mat", "eb5a983be6a315427106f1b164d9cef3"]}
    monkeypatch.setattr(datasets.SVHN, "split_list", listed)
    with pytest.raises(RuntimeError, match="corrupted"):
        datasets.SVHN(str(tmp_path / "root"), "test", download=True)
    listed["test"][0] = (tmp_path / "nowhere").as_uri()
    with pytest.raises(RuntimeError, match="Cannot download"):
        datasets.SVHN(str(tmp_path / "root"), "test", download=True)


def test_segments(tmp_path: Path) -> None:
    base = tmp_path / "VOCdevkit" / "VOC2007"
    text(base / "ImageSets" / "Segmentation" / "test.txt", "000001\n")
    picture(base / "JPEGImages" / "000001.jpg")
    picture(base / "SegmentationClass" / "000001.png", 3, mode="L")
    read = datasets.VOCSegmentation(str(tmp_path), "2007", "test")
    assert read[0][0].size == read[0][1].size == (6, 5)
    sparse = pytest.importorskip("scipy.sparse")
    borders = np.empty((20, 1), object)
    for at in range(20):
        borders[at, 0] = sparse.csc_matrix(np.eye(5, 6) * (at == 3))
    kinds = np.zeros((1, 1), [("Segmentation", object), ("Boundaries", object)])
    kinds[0, 0] = (np.full((5, 6), 4, np.uint8), borders)
    matlab(tmp_path / "sbd" / "cls" / "1.mat", GTcls=kinds)
    picture(tmp_path / "sbd" / "img" / "1.jpg")
    text(tmp_path / "sbd" / "val.txt", "1\n")
    edges = datasets.SBDataset(str(tmp_path / "sbd"), "val")[0][1]
    assert edges.shape == (20, 5, 6) and np.array_equal(edges[3], np.eye(5, 6))
    whole = datasets.SBDataset(str(tmp_path / "sbd"), "val", "segmentation")[0][1]
    assert np.all(np.asarray(whole) == 4)


def test_patches_and_their_pairs(tmp_path: Path) -> None:
    folder = tmp_path / "liberty"
    picture(folder / "patches0000.bmp", size=(128, 192), mode="L")
    text(folder / "info.txt", "".join(f"{point} 0\n" for point in (4, 4, 5, 6, 7, 8)))
    text(folder / "m50_100000_100000_0.txt", "0 4 0 1 4 0\n2 5 0 5 8 0\n")
    grid = np.asarray(Image.open(folder / "patches0000.bmp"))
    single = datasets.PhotoTour(str(tmp_path), "liberty")
    assert len(single) == 6 and np.array_equal(single[3].numpy(), grid[64:128, 64:])
    pairs = datasets.PhotoTour(str(tmp_path), "liberty", train=False)
    one, other, same = pairs[1]
    assert same == 0 and pairs[0][2] == 1
    assert np.array_equal(one.numpy(), grid[64:128, :64]) and other.shape == (64, 64)


def test_films(tmp_path: Path) -> None:
    place = tmp_path / "MovingMNIST"
    place.mkdir()
    np.save(place / "mnist_test_seq.npy", noise(20, 3, 64, 64))
    read = datasets.MovingMNIST(str(tmp_path), split="test", split_ratio=15)
    assert len(read) == 3 and read[0].shape == (5, 1, 64, 64)


def test_scenes_need_lmdb(tmp_path: Path) -> None:
    assert len(datasets.LSUN._verify_classes("train")) == 10
    with pytest.raises(ValueError, match="LSUN set"):
        datasets.LSUN(str(tmp_path), classes=["bedroom_all"])
    if datasets.lsun.lmdb is None:
        with pytest.raises(ImportError, match="lmdb"):
            datasets.LSUN(str(tmp_path), classes=["bedroom_train"])


def test_records_by_category(tmp_path: Path) -> None:
    (_, settings, _), _ = coco(tmp_path)
    found = datasets.CocoDetection(**settings).coco
    assert found.getCatIds(["dog"]) == [3] and found.getAnnIds(catIds=3, iscrowd=0) == [4]
    assert sorted(found.getImgIds(catIds=[3])) == [1, 2]
    assert found.loadCats(1) == [{"id": 1, "name": "cat"}]


def test_faces_and_pairs_of_them(tmp_path: Path) -> None:
    base = tmp_path / "widerface"
    picture(base / "WIDER_val" / "images" / "0--Parade" / "a.jpg")
    picture(base / "WIDER_val" / "images" / "0--Parade" / "b.jpg", 1)
    lines = "0--Parade/a.jpg\n2\n1 2 3 4 0 1 0 1 2 0\n5 6 7 8 1 0 0 0 1 1\n"
    lines += "0--Parade/b.jpg\n0\n0 0 0 0 0 0 0 0 0 0\n"
    text(base / "wider_face_split" / "wider_face_val_bbx_gt.txt", lines)
    read = datasets.WIDERFace(str(tmp_path), "val")
    found = read[0][1]
    assert len(read) == 2 and found["bbox"].tolist() == [[1, 2, 3, 4], [5, 6, 7, 8]]
    assert found["invalid"].tolist() == [1, 0] and found["occlusion"].tolist() == [2, 1]
    assert found["pose"].tolist() == [0, 1] and found["blur"].tolist() == [0, 1]
    people(tmp_path)
    text(tmp_path / "lfw-py" / "pairs.txt", "1\t1\nCy_D\t1\t2\nAnn_B\t1\tCy_D\t2\n")
    pairs = datasets.LFWPairs(str(tmp_path))
    assert [pairs[at][2] for at in range(len(pairs))] == [1, 0]
    assert pairs[0][1].size == (6, 5)
