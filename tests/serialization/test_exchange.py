"""Files written by one library and read by the other, and by itself."""

import io
import os
import pathlib

import pytest

import compat
from compat import serialization
from compat.core.device import platform_devices

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.oracle

DTYPES = ["bool", "uint8", "int8", "int16", "int32", "int64", "uint16", "uint32", "uint64",
          "float16", "bfloat16", "float32", "float64", "complex64", "complex128"]  # fmt: skip


def written(library, thing, **options):
    file = io.BytesIO()
    (serialization.save if library is compat else torch.save)(thing, file, **options)
    return file.getvalue()


def read(library, data, **options):
    load = serialization.load if library is compat else torch.load
    return load(io.BytesIO(data), **options)


def from_torch_to_compat(thing, **options):
    return read(compat, written(torch, thing), **options)


WAYS = {
    "compat to torch": (compat, torch, {}),
    "torch to compat": (torch, compat, {}),
    "old torch to compat": (torch, compat, {"_use_new_zipfile_serialization": False}),
    "compat to compat": (compat, compat, {}),
}


@pytest.fixture(params=WAYS)
def way(request):
    source, target, options = WAYS[request.param]
    return source, lambda thing: read(target, written(source, thing, **options))


def same(one, other):
    assert str(one.dtype) == str(other.dtype)
    assert tuple(one.shape) == tuple(other.shape)
    assert one.stride() == other.stride()
    assert one.storage_offset() == other.storage_offset()
    assert one.requires_grad == other.requires_grad
    assert one.tolist() == other.tolist()


@pytest.mark.parametrize("name", DTYPES)
def test_every_type(way, name):
    library, exchange = way
    dtype = getattr(library, name)
    for numbers in [[0, 1, 3], [], [[1, 0], [0, 7]], 1]:
        tensor = library.tensor(numbers, dtype=library.int64).to(dtype)
        same(tensor, exchange(tensor))


def test_views_stay_views_of_one_storage(way):
    library, exchange = way
    base = library.arange(12.0).reshape(3, 4)
    views = [base[1:], base.t(), base[:, ::2], base[1, 2], base.expand(2, 3, 4), base.view(-1)]
    back, *others = exchange([base, *views])
    for view, other in zip(views, others, strict=True):
        same(view, other)
    back[1, 2] = 99
    assert others[3].item() == 99 and others[1][2, 1].item() == 99
    others[5][0] = -1
    assert back[0, 0].item() == -1


def test_only_a_view_is_given_and_all_of_its_storage_goes(way):
    library, exchange = way
    back = exchange(library.arange(10)[4:6])
    assert back.tolist() == [4, 5] and back.storage_offset() == 4


def test_containers_and_plain_values(way):
    library, exchange = way
    thing = {
        "numbers": [1, -5, 2**40, 2**70, 1.5, 1 + 2j, True, None, "text", b"bytes"],
        "nested": ({"a": [()]}, {1, 2}, bytearray(b"xy")),
        3: library.Size([2, 3]),
        "types": [library.float16, library.int64, library.bool],
        "devices": [library.device("cpu"), library.device("cuda", 1)],
        "layout": library.strided,
    }
    assert str(exchange(thing)) == str(thing)
    assert type(exchange(thing)[3]).__name__ == "Size"


def test_gradients_parameters_and_meta(way):
    library, exchange = way
    leaf = library.ones(2, requires_grad=True)
    parameter = library.nn.Parameter(library.ones(2, 2), requires_grad=False)
    empty = library.empty(2, 3, device="meta")
    back_leaf, back_parameter, back_empty = exchange([leaf, parameter, empty])
    same(leaf, back_leaf)
    same(parameter, back_parameter)
    assert type(back_parameter).__name__ == "Parameter"
    assert back_empty.device.type == "meta" and back_empty.shape == (2, 3)


def test_a_state_dict_keeps_its_order_and_versions(way):
    library, exchange = way
    layers = library.nn.Sequential(library.nn.Linear(2, 3), library.nn.BatchNorm1d(3))
    state = layers.state_dict()
    back = exchange(state)
    assert list(back) == list(state) and back._metadata == state._metadata


def test_whole_modules_change_sides():
    ours = compat.nn.Sequential(compat.nn.Linear(2, 3), compat.nn.ReLU())
    theirs = read(torch, written(compat, ours), weights_only=False)
    assert repr(theirs) == repr(ours)
    again = from_torch_to_compat(theirs, weights_only=False)
    assert type(again) is compat.nn.Sequential
    x = [[1.0, -2.0]]
    assert theirs(torch.tensor(x)).tolist()[0] == pytest.approx(again(compat.tensor(x)).tolist()[0])


def test_conjugates_of_torch_are_read():
    tensor = torch.tensor([1 + 2j, 3 - 1j]).conj()
    assert from_torch_to_compat(tensor).tolist() == tensor.tolist()


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_pickle_protocols(protocol):
    data = written(compat, {"a": compat.ones(2), "b": {1}}, pickle_protocol=protocol)
    assert read(compat, data)["a"].tolist() == [1, 1]
    assert read(torch, data, weights_only=False)["a"].tolist() == [1, 1]
    data = written(torch, {"a": torch.ones(2), "b": {1}}, pickle_protocol=protocol)
    assert read(compat, data)["a"].tolist() == [1, 1]


def test_paths_and_mapped_files(tmp_path):
    path = pathlib.Path(tmp_path) / "model.v1.pt"
    serialization.save({"w": compat.arange(1000.0)}, path)
    for mmap in [False, True]:
        assert torch.load(path, mmap=mmap)["w"].sum().item() == 499500
        assert serialization.load(str(path), mmap=mmap)["w"].sum().item() == 499500
    with open(path, "rb") as file:
        assert serialization.load(file)["w"].shape == (1000,)
    import zipfile

    names = zipfile.ZipFile(path).namelist()
    assert names[0] == "model.v1/data.pkl" and "model.v1/data/0" in names
    torch.save({"w": torch.arange(1000.0)}, path)
    assert set(names) == set(zipfile.ZipFile(path).namelist())
    assert os.listdir(tmp_path) == ["model.v1.pt"]


def test_records_are_aligned():
    import struct
    import zipfile

    data = written(compat, [compat.ones(n) for n in range(1, 20)])
    for info in zipfile.ZipFile(io.BytesIO(data)).infolist():
        lengths = struct.unpack_from("<HH", data, info.header_offset + 26)
        assert (info.header_offset + 30 + sum(lengths)) % 64 == 0


def test_equal_objects_make_equal_files():
    assert written(compat, {"a": compat.ones(3)}) == written(compat, {"a": compat.ones(3)})


def test_where_storages_go():
    data = written(torch, {"w": torch.ones(3)})
    assert read(compat, data, map_location="meta")["w"].device.type == "meta"
    assert read(compat, data, map_location={"cpu": "meta"})["w"].device.type == "meta"
    asked = []

    def keep(storage, location):
        asked.append((location, storage.nbytes()))
        return storage

    assert read(compat, data, map_location=keep)["w"].tolist() == [1, 1, 1]
    assert asked == [("cpu", 12)]
    for place in ["nowhere", "cuda"]:
        with pytest.raises(RuntimeError) as theirs:
            read(torch, data, map_location=place)
        if place == "cuda" and platform_devices("cuda"):
            continue
        with pytest.raises(RuntimeError) as ours:
            read(compat, data, map_location=place)
        assert str(ours.value) == str(theirs.value)


def test_one_data_of_two_types_is_refused_alike():
    for library in (torch, compat):
        one = library.ones(2)
        with pytest.raises(RuntimeError, match="view the same data as different types"):
            written(library, [one, one.view(library.int32)])


def test_a_file_is_mapped_as_bytes(tmp_path) -> None:
    path = tmp_path / "numbers"
    path.write_bytes(compat.arange(8.0).numpy().tobytes())
    stored = compat.UntypedStorage.from_file(str(path), False, 32)
    part = compat.asarray(stored[8:24], dtype=compat.uint8).view(compat.float32)
    assert part.tolist() == [2.0, 3.0, 4.0, 5.0]


def test_a_buffer_is_shared() -> None:
    buffer = bytearray(range(10))
    half = compat.frombuffer(buffer, dtype=compat.int16, offset=2, count=3)
    half[0] = 0
    assert buffer[2:4] == bytes(2) and half.tolist() == [0, 1284, 1798]
    with pytest.raises(ValueError, match="must be a multiple of element size \\(4\\)"):
        compat.frombuffer(buffer, dtype=compat.int32)
    with pytest.raises(ValueError, match="requested buffer length"):
        compat.frombuffer(buffer, dtype=compat.int16, count=9)
