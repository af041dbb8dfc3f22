"""SummaryWriter: numbers, histograms, images, text and graphs as TensorBoard's event files."""

from __future__ import annotations

import io
import os
import socket
import time
from typing import Any

import numpy as np
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import HistogramProto, Summary, SummaryMetadata
from tensorboard.compat.proto.tensor_pb2 import TensorProto
from tensorboard.compat.proto.tensor_shape_pb2 import TensorShapeProto
from tensorboard.summary.writer.event_file_writer import EventFileWriter

import compat as torch


def _array(values: Any) -> np.ndarray[Any, Any]:
    return values.detach().cpu().numpy() if torch.is_tensor(values) else np.asarray(values)


def _number(value: Any) -> float:
    array = _array(value)
    if array.size != 1:
        raise AssertionError("scalar should be 0D")
    return float(array.reshape(())[()])


class SummaryWriter:
    """Writes events of a run to a folder, by default runs/<date>_<host><comment>."""

    def __init__(
        self, log_dir: Any = None, comment: str = "", purge_step: int | None = None,
        max_queue: int = 10, flush_secs: int = 120, filename_suffix: str = "",
    ) -> None:  # fmt: skip
        if not log_dir:
            now = time.strftime("%b%d_%H-%M-%S")
            log_dir = os.path.join("runs", f"{now}_{socket.gethostname()}{comment}")
        self.log_dir = str(log_dir)
        self._options = max_queue, flush_secs, filename_suffix
        self._files: dict[str, EventFileWriter] = {}
        self._file(self.log_dir)

    def _file(self, folder: str) -> EventFileWriter:
        found = self._files.get(folder)
        if found is None:
            found = self._files[folder] = EventFileWriter(folder, *self._options)
        return found

    def _write(
        self, value: Any, step: Any, walltime: float | None, folder: str | None = None
    ) -> None:
        event = Event(wall_time=time.time() if walltime is None else walltime)
        event.summary.CopyFrom(Summary(value=[value]))
        if step is not None:
            event.step = int(step)
        self._file(folder or self.log_dir).add_event(event)

    def get_logdir(self) -> str:
        """Where the events go."""
        return self.log_dir

    def add_scalar(
        self, tag: str, scalar_value: Any, global_step: Any = None, walltime: float | None = None,
        new_style: bool = False, double_precision: bool = False,
    ) -> None:  # fmt: skip
        """A number."""
        value = Summary.Value(tag=tag, simple_value=_number(scalar_value))
        self._write(value, global_step, walltime)

    def add_scalars(
        self, main_tag: str, tag_scalar_dict: dict[str, Any], global_step: Any = None,
        walltime: float | None = None,
    ) -> None:  # fmt: skip
        """Several numbers in one picture, each in a folder of its own."""
        for tag, number in tag_scalar_dict.items():
            folder = os.path.join(self.log_dir, f"{main_tag.replace('/', '_')}_{tag}")
            value = Summary.Value(tag=main_tag, simple_value=_number(number))
            self._write(value, global_step, walltime, folder)

    def add_histogram(
        self, tag: str, values: Any, global_step: Any = None, bins: Any = "tensorflow",
        walltime: float | None = None, max_bins: int | None = None,
    ) -> None:  # fmt: skip
        """How values are spread."""
        array = _array(values).astype(np.float64).reshape(-1)
        if array.size == 0:
            raise ValueError("The input has no element.")
        counts, edges = np.histogram(array, _edges() if bins == "tensorflow" else bins)
        used = np.flatnonzero(counts)
        begin, end = (used[0], used[-1] + 1) if used.size else (0, 1)
        made = HistogramProto(
            min=array.min(), max=array.max(), num=array.size, sum=array.sum(),
            sum_squares=array.dot(array), bucket_limit=edges[begin : end + 1].tolist(),
            bucket=[0.0, *counts[begin:end].tolist()],
        )  # fmt: skip
        self._write(Summary.Value(tag=tag, histo=made), global_step, walltime)

    def add_image(
        self, tag: str, img_tensor: Any, global_step: Any = None, walltime: float | None = None,
        dataformats: str = "CHW",
    ) -> None:  # fmt: skip
        """A picture: bytes, or numbers from 0 to 1."""
        from PIL import Image

        array = _array(img_tensor)
        order = [dataformats.index(one) for one in "HWC" if one in dataformats]
        array = array.transpose(order)
        if array.dtype != np.uint8:
            array = (array * 255).clip(0, 255).astype(np.uint8)
        if array.ndim == 3 and array.shape[2] == 1:
            array = array[:, :, 0]
        packed = io.BytesIO()
        Image.fromarray(array).save(packed, format="png")
        made = Summary.Image(
            height=array.shape[0], width=array.shape[1],
            colorspace=1 if array.ndim == 2 else array.shape[2],
            encoded_image_string=packed.getvalue(),
        )  # fmt: skip
        self._write(Summary.Value(tag=tag, image=made), global_step, walltime)

    def add_images(
        self, tag: str, img_tensor: Any, global_step: Any = None, walltime: float | None = None,
        dataformats: str = "NCHW",
    ) -> None:  # fmt: skip
        """Pictures side by side."""
        array = _array(img_tensor)
        array = array.transpose([dataformats.index(one) for one in "NHWC"])
        self.add_image(tag, np.concatenate(list(array), 1), global_step, walltime, "HWC")

    def add_figure(
        self, tag: str, figure: Any, global_step: Any = None, close: bool = True,
        walltime: float | None = None,
    ) -> None:  # fmt: skip
        """A figure of matplotlib's."""
        from matplotlib import pyplot
        from matplotlib.backends.backend_agg import FigureCanvasAgg

        canvas = FigureCanvasAgg(figure)
        canvas.draw()
        pixels = np.asarray(canvas.buffer_rgba())[:, :, :3]
        if close:
            pyplot.close(figure)
        self.add_image(tag, pixels, global_step, walltime, "HWC")

    def add_text(
        self, tag: str, text_string: str, global_step: Any = None, walltime: float | None = None
    ) -> None:
        """Text, as Markdown."""
        about = SummaryMetadata(
            plugin_data=SummaryMetadata.PluginData(plugin_name="text", content=b"")
        )
        content = TensorProto(
            dtype="DT_STRING", string_val=[text_string.encode()],
            tensor_shape=TensorShapeProto(dim=[TensorShapeProto.Dim(size=1)]),
        )  # fmt: skip
        value = Summary.Value(tag=f"{tag}/text_summary", metadata=about, tensor=content)
        self._write(value, global_step, walltime)

    def add_graph(
        self, model: Any, input_to_model: Any = None, verbose: bool = False,
        use_strict_trace: bool = True,
    ) -> None:  # fmt: skip
        """What a module records for these arguments (a tuple, or the only one), in eval mode.

        verbose            prints the nodes
        use_strict_trace   taken: outputs may be in dicts and lists in any case
        """
        from compat.utils.tensorboard.graph import graph_of

        if input_to_model is None:
            raise RuntimeError("add_graph needs input_to_model, the arguments of the model")
        made = graph_of(model, input_to_model)
        if verbose:
            print("\n".join(f"{one.name} = {one.op}({', '.join(one.input)})" for one in made.node))
        event = Event(wall_time=time.time(), graph_def=made.SerializeToString())
        self._file(self.log_dir).add_event(event)

    def add_embedding(
        self, mat: Any, metadata: Any = None, label_img: Any = None, global_step: Any = None,
        tag: str = "default", metadata_header: Any = None,
    ) -> None:  # fmt: skip
        """Points for the projector, a row each.

        metadata          a label for each, or a list of as many as the header has names
        label_img         a picture for each (N, C, H, W): bytes, or numbers from 0 to 1
        """
        from compat.utils.tensorboard import embedding

        pictures = None if label_img is None else _array(label_img)
        labels = metadata if metadata is None else list(metadata)
        embedding.write(
            self.log_dir, _array(mat), labels, metadata_header, pictures,
            int(global_step or 0), tag,
        )  # fmt: skip

    def add_hparams(
        self, hparam_dict: dict[str, Any], metric_dict: dict[str, Any], *args: Any, **kwargs: Any
    ) -> None:
        """A run's settings as text, and its results as numbers."""
        lines = [f"    {name} = {value}" for name, value in hparam_dict.items()]
        self.add_text("hparams", "\n".join(lines))
        for name, value in metric_dict.items():
            self.add_scalar(name, value)

    def flush(self) -> None:
        """Writes what is waiting."""
        for file in self._files.values():
            file.flush()

    def close(self) -> None:
        """Writes what is waiting and closes the files."""
        for file in self._files.values():
            file.close()
        self._files = {}

    def __enter__(self) -> SummaryWriter:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


def _edges() -> np.ndarray[Any, Any]:
    """TensorFlow's bins: each a tenth wider than the last, to both sides of 0."""
    up = 1e-12 * 1.1 ** np.arange(int(np.log(1e32) / np.log(1.1)))
    return np.concatenate([-up[::-1], [0.0], up])
