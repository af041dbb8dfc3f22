"""torchvision.datasets.utils, under the name that scripts import."""

from __future__ import annotations

from compat.vision.datasets.files import calculate_md5 as calculate_md5
from compat.vision.datasets.files import check_integrity as check_integrity
from compat.vision.datasets.files import check_md5 as check_md5
from compat.vision.datasets.files import (
    download_and_extract_archive as download_and_extract_archive,
)
from compat.vision.datasets.files import download_url as download_url
from compat.vision.datasets.files import extract_archive as extract_archive
from compat.vision.datasets.files import list_dir as list_dir
from compat.vision.datasets.files import list_files as list_files
from compat.vision.datasets.files import verify_str_arg as verify_str_arg
