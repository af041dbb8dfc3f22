"""PyTorch programs on JAX: `import compat as torch`.

A table of contents of the torch namespace. Importing it starts no device.
"""

from __future__ import annotations

import importlib
import math as _math
import os as _os
from typing import Any

from compat.engine.memory import rest_collector as _rest_collector
from compat.engine.memory import spare_collector as _spare_collector
from compat.engine.memory import tune_allocator as _tune_allocator

_tune_allocator()  # before JAX starts
_rested = _rest_collector()

from compat.core import dtype as _dtype
from compat.core.device import device as device
from compat.core.device import set_default_device as set_default_device
from compat.core.dtype import dtype as dtype
from compat.core.errors import AcceleratorError as AcceleratorError
from compat.core.errors import FatalError as FatalError
from compat.core.errors import OutOfMemoryError as OutOfMemoryError
from compat.core.promotion import can_cast as can_cast
from compat.core.promotion import promote_types as promote_types
from compat.core.size import Size as Size
from compat.core.size import channels_last as channels_last
from compat.core.size import channels_last_3d as channels_last_3d
from compat.core.size import contiguous_format as contiguous_format
from compat.core.size import memory_format as memory_format
from compat.core.size import preserve_format as preserve_format
from compat.core.size import sparse_bsc as sparse_bsc
from compat.core.size import sparse_bsr as sparse_bsr
from compat.core.size import sparse_coo as sparse_coo
from compat.core.size import sparse_csc as sparse_csc
from compat.core.size import sparse_csr as sparse_csr
from compat.core.size import strided as strided
from compat.engine.forked import watch_forks as _watch_forks
from compat.engine.recorder import eager as eager
from compat.engine.report import stats as stats
from compat.front import tensor as _tensor
from compat.front.derive import FUNCTIONS as _FUNCTIONS
from compat.front.tensor import Tensor as Tensor
from compat.imports import install as install
from compat.imports import link as _link
from compat.ops import library as _library
from compat.tape.mode import enable_grad as enable_grad
from compat.tape.mode import inference_mode as inference_mode
from compat.tape.mode import is_grad_enabled as is_grad_enabled
from compat.tape.mode import is_inference_mode_enabled as is_inference_mode_enabled
from compat.tape.mode import no_grad as no_grad
from compat.tape.mode import set_grad_enabled as set_grad_enabled
from compat.version import __version__ as __version__

_link()
_library.load()
_tensor.make_tensor_class()
globals().update(_FUNCTIONS["torch"])
globals().update(_dtype.DTYPES)
globals().update(_dtype.ALIASES)

from compat import facts as _facts  # noqa: E402  (functions over Tensor, complete now)
from compat import renamed as _renamed  # noqa: E402
from compat.core.limits import finfo as finfo  # noqa: E402
from compat.core.limits import iinfo as iinfo  # noqa: E402
from compat.core.size import Layout as layout  # noqa: E402, F401
from compat.front import typed as _typed  # noqa: E402

globals().update(_facts.NAMES)
globals().update(_facts.BUILT)
globals().update(_typed.CPU)
globals().update({name: old for name, old in _renamed.NAMES.items() if name != "fft"})
_renamed.attach(Tensor)
inf, nan, pi, e, newaxis = _math.inf, _math.nan, _math.pi, _math.e, None

_watch_forks()
_spare_collector(_rested)

# What is opened at first use, and where it is.
_LAZY = {
    "nn": "compat_nn", "optim": "compat.optim", "utils": "compat.utils",
    "autograd": "compat.autograd", "serialization": "compat.serialization",
    "linalg": "compat.linalg", "random": "compat.random", "cuda": "compat.cuda",
    "backends": "compat.backends", "version": "compat.version", "special": "compat.special",
    "vision": "compat.vision", "_utils": "compat._utils",
    "storage": "compat.storage", "fft": "compat.fft", "signal": "compat.signal",
    "masked": "compat.masked", "accelerator": "compat.accelerator",
    "distributed": "compat.distributed", "hub": "compat.hub", "testing": "compat.testing",
    "types": "compat.types", "overrides": "compat.overrides", "_C": "compat._C",
    "multiprocessing": "compat.multiprocessing", "onnx": "compat.onnx",
    "amp": "compat.amp", "cpu": "compat.cpu",
    "compiler": "compat.compiler", "_dynamo": "compat._dynamo", "jit": "compat.jit",
    "functional": "compat.functional", "fx": "compat.fx",
    "profiler": "compat.profiler", "func": "compat.func",
    "distributions": "compat.distributions", "sparse": "compat.sparse",
    "library": "compat.library", "_logging": "compat._logging",
}  # fmt: skip
_NAMES = {
    **dict.fromkeys(
        ("get_num_threads", "set_num_threads", "get_num_interop_threads", "set_num_interop_threads",
         "use_deterministic_algorithms", "are_deterministic_algorithms_enabled",
         "is_deterministic_algorithms_warn_only_enabled", "get_deterministic_debug_mode",
         "set_deterministic_debug_mode", "get_float32_matmul_precision",
         "set_float32_matmul_precision", "set_flush_denormal", "set_warn_always",
         "is_warn_always_enabled", "get_default_device", "init_num_threads",
         "is_vulkan_available", "cudnn_is_acceptable", "set_default_tensor_type", "typename"),
        "compat.settings",
    ),
    **dict.fromkeys(
        ("_assert", "_check", "_check_with", "_check_index", "_check_value", "_check_type",
         "_check_not_implemented", "_check_is_size", "_check_tensor_all"),
        "compat.asserting",
    ),
    **dict.fromkeys(
        ("frombuffer", "from_file",
         "is_storage", "TypedStorage", "UntypedStorage", "FloatStorage", "DoubleStorage",
         "HalfStorage", "BFloat16Storage", "ByteStorage", "CharStorage", "ShortStorage",
         "IntStorage", "LongStorage", "BoolStorage", "ComplexFloatStorage",
         "ComplexDoubleStorage", "Storage"),
        "compat.storage",
    ),
    **dict.fromkeys(
        ("adaptive_avg_pool1d", "avg_pool1d", "max_pool1d", "max_pool2d", "max_pool3d",
         "cosine_similarity", "pairwise_distance", "bilinear", "dropout", "alpha_dropout",
         "feature_alpha_dropout"),
        "compat_nn.functional",
    ),
    **dict.fromkeys(
        ("batch_norm", "instance_norm", "norm_except_dim", "frobenius_norm", "nuclear_norm",
         "binary_cross_entropy_with_logits", "cosine_embedding_loss", "ctc_loss",
         "hinge_embedding_loss", "kl_div", "margin_ranking_loss", "poisson_nll_loss",
         "triplet_margin_loss", "embedding", "embedding_renorm_", "embedding_bag",
         "native_dropout", "feature_dropout", "dropout_", "alpha_dropout_", "feature_dropout_",
         "feature_alpha_dropout_", "rrelu", "rrelu_", "adaptive_max_pool1d",
         "max_pool1d_with_indices", "convolution", "batch_norm_update_stats"),
        "compat_nn.functions.forms",
    ),
    **dict.fromkeys(("conv_tbc", "native_channel_shuffle"), "compat_nn.functions.arrangements"),
    **dict.fromkeys(
        ("sym_int", "sym_float", "sym_max", "sym_min", "sym_not", "sym_ite", "sym_sqrt",
         "sym_sum", "cond", "SymInt", "SymFloat", "SymBool", "sym_constrain_range",
         "sym_constrain_range_for_size"),
        "compat.symbolic",
    ),
    **dict.fromkeys(
        ("is_anomaly_enabled", "is_anomaly_check_nan_enabled", "set_anomaly_enabled"),
        "compat.autograd.anomaly",
    ),
    "GradScaler": "compat.amp", "fork": "compat.jit", "wait": "compat.jit",
    "Stream": "compat.queues", "Event": "compat.queues",
    **dict.fromkeys(("JITException", "DisableTorchFunction", "DisableTorchFunctionSubclass"),
                    "compat._C"),
    **dict.fromkeys(
        ("hann_window", "hamming_window", "blackman_window", "bartlett_window", "kaiser_window"),
        "compat.front.windows",
    ),
    **dict.fromkeys(
        ("autocast", "is_autocast_enabled", "set_autocast_enabled", "get_autocast_dtype",
         "set_autocast_dtype", "is_autocast_cache_enabled", "set_autocast_cache_enabled",
         "clear_autocast_cache", "autocast_increment_nesting", "autocast_decrement_nesting",
         "is_autocast_cpu_enabled", "get_autocast_cpu_dtype", "get_autocast_gpu_dtype",
         "get_autocast_xla_dtype", "is_autocast_xla_enabled", "set_autocast_cpu_enabled",
         "set_autocast_cpu_dtype", "set_autocast_gpu_dtype", "set_autocast_xla_dtype",
         "set_autocast_xla_enabled"),
        "compat.amp.autocast_mode",
    ),
    **dict.fromkeys(("pca_lowrank", "svd_lowrank"), "compat._lowrank"),
    "lobpcg": "compat._lobpcg",
    **dict.fromkeys(("set_api", "get_api", "api"), "compat.levels"),
    "ops": "compat.library", "compile": "compat.compiler", "vmap": "compat.func",
    "sparse_coo_tensor": "compat.sparse.create",
    **dict.fromkeys(("sparse_compressed_tensor", "sparse_csr_tensor", "sparse_csc_tensor",
                     "sparse_bsr_tensor", "sparse_bsc_tensor"), "compat.sparse.compressed"),
    **dict.fromkeys(("spmm", "smm", "hspmm", "sspaddmm", "dsmm", "hsmm", "saddmm"),
                    "compat.sparse.products"),
    **dict.fromkeys(("resize_as_sparse_", "indices_copy", "values_copy", "crow_indices_copy",
                     "col_indices_copy", "ccol_indices_copy", "row_indices_copy"),
                    "compat.sparse.methods"),
    "save": "compat.serialization", "load": "compat.serialization",
    "set_printoptions": "compat.front.printing", "get_printoptions": "compat.front.printing",
    "from_jax": "compat.front.bridge", "pure": "compat.front.pure",
    "explain": "compat.front.explain", "lstm": "compat.front.recurrent",
    "gru": "compat.front.recurrent", "rnn_tanh": "compat.front.recurrent",
    "rnn_relu": "compat.front.recurrent", "lstm_cell": "compat.front.recurrent",
    "gru_cell": "compat.front.recurrent", "rnn_tanh_cell": "compat.front.recurrent",
    "rnn_relu_cell": "compat.front.recurrent",
}  # fmt: skip


def __getattr__(name: str) -> Any:
    where = _LAZY.get(name)
    if where is not None:
        found = globals()[name] = importlib.import_module(where)
        return found
    if name in _NAMES:
        found = globals()[name] = getattr(importlib.import_module(_NAMES[name]), name)
        return found
    if name.startswith("_foreach_"):
        return getattr(importlib.import_module("compat._foreach"), name)
    raise AttributeError(f"module 'torch' has no attribute '{name}' (compat does not have it yet)")


# `compat.ops` the package is found by imports alone: as an attribute it is `torch.ops`.
del globals()["ops"]

if _os.environ.get("COMPAT_API", "2") != "2":  # last: the older forms are about all there is
    importlib.import_module("compat.levels").set_api(_os.environ["COMPAT_API"])
