"""torchvision.transforms.transforms: the transforms as objects, under one name.

Draws come from torch's default generator in torchvision's order and number (from Python's
`random` where torchvision takes it), so equal seeds give equal pictures.
"""

from __future__ import annotations

from compat.vision.transforms.colour import ColorJitter as ColorJitter
from compat.vision.transforms.colour import GaussianBlur as GaussianBlur
from compat.vision.transforms.colour import Grayscale as Grayscale
from compat.vision.transforms.colour import RandomAdjustSharpness as RandomAdjustSharpness
from compat.vision.transforms.colour import RandomAutocontrast as RandomAutocontrast
from compat.vision.transforms.colour import RandomEqualize as RandomEqualize
from compat.vision.transforms.colour import RandomGrayscale as RandomGrayscale
from compat.vision.transforms.colour import RandomInvert as RandomInvert
from compat.vision.transforms.colour import RandomPosterize as RandomPosterize
from compat.vision.transforms.colour import RandomSolarize as RandomSolarize
from compat.vision.transforms.combined import Compose as Compose
from compat.vision.transforms.combined import Lambda as Lambda
from compat.vision.transforms.combined import RandomApply as RandomApply
from compat.vision.transforms.combined import RandomChoice as RandomChoice
from compat.vision.transforms.combined import RandomOrder as RandomOrder
from compat.vision.transforms.conversion import ConvertImageDtype as ConvertImageDtype
from compat.vision.transforms.conversion import LinearTransformation as LinearTransformation
from compat.vision.transforms.conversion import Normalize as Normalize
from compat.vision.transforms.conversion import PILToTensor as PILToTensor
from compat.vision.transforms.conversion import ToPILImage as ToPILImage
from compat.vision.transforms.conversion import ToTensor as ToTensor
from compat.vision.transforms.geometry import CenterCrop as CenterCrop
from compat.vision.transforms.geometry import ElasticTransform as ElasticTransform
from compat.vision.transforms.geometry import FiveCrop as FiveCrop
from compat.vision.transforms.geometry import Pad as Pad
from compat.vision.transforms.geometry import RandomAffine as RandomAffine
from compat.vision.transforms.geometry import RandomCrop as RandomCrop
from compat.vision.transforms.geometry import RandomErasing as RandomErasing
from compat.vision.transforms.geometry import RandomHorizontalFlip as RandomHorizontalFlip
from compat.vision.transforms.geometry import RandomPerspective as RandomPerspective
from compat.vision.transforms.geometry import RandomResizedCrop as RandomResizedCrop
from compat.vision.transforms.geometry import RandomRotation as RandomRotation
from compat.vision.transforms.geometry import RandomSizedCrop as RandomSizedCrop
from compat.vision.transforms.geometry import RandomVerticalFlip as RandomVerticalFlip
from compat.vision.transforms.geometry import Resize as Resize
from compat.vision.transforms.geometry import Scale as Scale
from compat.vision.transforms.geometry import TenCrop as TenCrop
from compat.vision.transforms.names import InterpolationMode as InterpolationMode
