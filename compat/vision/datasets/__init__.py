"""torchvision.datasets: readers of data sets' own formats."""

from __future__ import annotations

from compat.vision.datasets.cifar import CIFAR10 as CIFAR10
from compat.vision.datasets.cifar import CIFAR100 as CIFAR100
from compat.vision.datasets.folder import DatasetFolder as DatasetFolder
from compat.vision.datasets.folder import FakeData as FakeData
from compat.vision.datasets.folder import ImageFolder as ImageFolder
from compat.vision.datasets.mnist import EMNIST as EMNIST
from compat.vision.datasets.mnist import KMNIST as KMNIST
from compat.vision.datasets.mnist import MNIST as MNIST
from compat.vision.datasets.mnist import FashionMNIST as FashionMNIST
from compat.vision.datasets.vision import VisionDataset as VisionDataset
