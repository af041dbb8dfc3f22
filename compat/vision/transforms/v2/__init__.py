"""torchvision.transforms.v2: transforms of samples with masks, boxes and points in them."""

from __future__ import annotations

from compat.vision.transforms.autoaugment import AutoAugmentPolicy as AutoAugmentPolicy
from compat.vision.transforms.names import InterpolationMode as InterpolationMode
from compat.vision.transforms.v2 import functional as functional
from compat.vision.transforms.v2.auto import AugMix as AugMix
from compat.vision.transforms.v2.auto import AutoAugment as AutoAugment
from compat.vision.transforms.v2.auto import RandAugment as RandAugment
from compat.vision.transforms.v2.auto import TrivialAugmentWide as TrivialAugmentWide
from compat.vision.transforms.v2.base import Transform as Transform
from compat.vision.transforms.v2.colour import RGB as RGB
from compat.vision.transforms.v2.colour import ColorJitter as ColorJitter
from compat.vision.transforms.v2.colour import GaussianBlur as GaussianBlur
from compat.vision.transforms.v2.colour import GaussianNoise as GaussianNoise
from compat.vision.transforms.v2.colour import Grayscale as Grayscale
from compat.vision.transforms.v2.colour import RandomAdjustSharpness as RandomAdjustSharpness
from compat.vision.transforms.v2.colour import RandomAutocontrast as RandomAutocontrast
from compat.vision.transforms.v2.colour import RandomChannelPermutation as RandomChannelPermutation
from compat.vision.transforms.v2.colour import RandomEqualize as RandomEqualize
from compat.vision.transforms.v2.colour import RandomGrayscale as RandomGrayscale
from compat.vision.transforms.v2.colour import RandomInvert as RandomInvert
from compat.vision.transforms.v2.colour import RandomPhotometricDistort as RandomPhotometricDistort
from compat.vision.transforms.v2.colour import RandomPosterize as RandomPosterize
from compat.vision.transforms.v2.colour import RandomSolarize as RandomSolarize
from compat.vision.transforms.v2.containers import Compose as Compose
from compat.vision.transforms.v2.containers import RandomApply as RandomApply
from compat.vision.transforms.v2.containers import RandomChoice as RandomChoice
from compat.vision.transforms.v2.containers import RandomOrder as RandomOrder
from compat.vision.transforms.v2.conversion import ClampBoundingBoxes as ClampBoundingBoxes
from compat.vision.transforms.v2.conversion import ClampKeyPoints as ClampKeyPoints
from compat.vision.transforms.v2.conversion import (
    ConvertBoundingBoxFormat as ConvertBoundingBoxFormat,
)
from compat.vision.transforms.v2.conversion import ConvertImageDtype as ConvertImageDtype
from compat.vision.transforms.v2.conversion import Identity as Identity
from compat.vision.transforms.v2.conversion import Lambda as Lambda
from compat.vision.transforms.v2.conversion import LinearTransformation as LinearTransformation
from compat.vision.transforms.v2.conversion import Normalize as Normalize
from compat.vision.transforms.v2.conversion import PILToTensor as PILToTensor
from compat.vision.transforms.v2.conversion import ToDtype as ToDtype
from compat.vision.transforms.v2.conversion import ToImage as ToImage
from compat.vision.transforms.v2.conversion import ToPILImage as ToPILImage
from compat.vision.transforms.v2.conversion import ToPureTensor as ToPureTensor
from compat.vision.transforms.v2.conversion import ToTensor as ToTensor
from compat.vision.transforms.v2.conversion import (
    UniformTemporalSubsample as UniformTemporalSubsample,
)
from compat.vision.transforms.v2.geometry import CenterCrop as CenterCrop
from compat.vision.transforms.v2.geometry import ElasticTransform as ElasticTransform
from compat.vision.transforms.v2.geometry import FiveCrop as FiveCrop
from compat.vision.transforms.v2.geometry import Pad as Pad
from compat.vision.transforms.v2.geometry import RandomAffine as RandomAffine
from compat.vision.transforms.v2.geometry import RandomCrop as RandomCrop
from compat.vision.transforms.v2.geometry import RandomHorizontalFlip as RandomHorizontalFlip
from compat.vision.transforms.v2.geometry import RandomIoUCrop as RandomIoUCrop
from compat.vision.transforms.v2.geometry import RandomPerspective as RandomPerspective
from compat.vision.transforms.v2.geometry import RandomResize as RandomResize
from compat.vision.transforms.v2.geometry import RandomResizedCrop as RandomResizedCrop
from compat.vision.transforms.v2.geometry import RandomRotation as RandomRotation
from compat.vision.transforms.v2.geometry import RandomShortestSize as RandomShortestSize
from compat.vision.transforms.v2.geometry import RandomVerticalFlip as RandomVerticalFlip
from compat.vision.transforms.v2.geometry import RandomZoomOut as RandomZoomOut
from compat.vision.transforms.v2.geometry import Resize as Resize
from compat.vision.transforms.v2.geometry import ScaleJitter as ScaleJitter
from compat.vision.transforms.v2.geometry import TenCrop as TenCrop
from compat.vision.transforms.v2.mixing import JPEG as JPEG
from compat.vision.transforms.v2.mixing import CutMix as CutMix
from compat.vision.transforms.v2.mixing import MixUp as MixUp
from compat.vision.transforms.v2.mixing import RandomErasing as RandomErasing
from compat.vision.transforms.v2.mixing import SanitizeBoundingBoxes as SanitizeBoundingBoxes
from compat.vision.transforms.v2.queries import check_type as check_type
from compat.vision.transforms.v2.queries import get_bounding_boxes as get_bounding_boxes
from compat.vision.transforms.v2.queries import get_keypoints as get_keypoints
from compat.vision.transforms.v2.queries import has_all as has_all
from compat.vision.transforms.v2.queries import has_any as has_any
from compat.vision.transforms.v2.queries import query_chw as query_chw
from compat.vision.transforms.v2.queries import query_size as query_size
