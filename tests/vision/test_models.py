"""The models against what was measured of torchvision 0.29.

STATES: for each model the entries of its state, its parameters, and the first 16 digits of the
sha256 of the lines "name shape" of the state, sorted.
PASSES: for small models made after manual_seed(0), without dropout and while training, on
torch.rand(4, 3, 32, 32) (drawn after the model): the sum of 1, 2, ... times the outputs and the sum
of the sizes of the gradients of that, both in float64.
"""

from __future__ import annotations

import hashlib
import importlib
import pickle
import warnings
from collections.abc import Callable
from typing import Any

import pytest

import compat
from compat.vision import models
from compat.vision.models.feature_extraction import create_feature_extractor

STATES = {
    "alexnet": (16, 61100840, "935c1ea73a7869ee"),
    "convnext_base": (344, 88591464, "a2ebf7cb23991629"),
    "convnext_large": (344, 197767336, "b0ce25f12797812b"),
    "convnext_small": (344, 50223688, "6c5c4d12ec41e5f7"),
    "convnext_tiny": (182, 28589128, "ddd0f74f783edf2b"),
    "deeplabv3_mobilenet_v3_large": (352, 11025477, "5c1391872f98a530"),
    "deeplabv3_resnet101": (668, 58630997, "91387bdbe47b0ac2"),
    "deeplabv3_resnet50": (362, 39638869, "c9ae1f13acba02d5"),
    "densenet121": (727, 7978856, "9c659ec278435e95"),
    "densenet161": (967, 28681000, "96e788964c2c431f"),
    "densenet169": (1015, 14149480, "03a0accd6e99d8d0"),
    "densenet201": (1207, 20013928, "ebf13d018b02ad9d"),
    "efficientnet_b0": (360, 5288548, "98a6d92c040c4bca"),
    "efficientnet_b1": (508, 7794184, "391b882d956123d4"),
    "efficientnet_b2": (508, 9109994, "35d7528e6debccfe"),
    "efficientnet_b3": (574, 12233232, "cf2f96a4b05e716c"),
    "efficientnet_b4": (706, 19341616, "f55c08c98724c959"),
    "efficientnet_b5": (854, 30389784, "16e12ed3d4b769a0"),
    "efficientnet_b6": (986, 43040704, "63246a7d29b7e31c"),
    "efficientnet_b7": (1200, 66347960, "f44ee38885b1d8f5"),
    "efficientnet_v2_l": (1548, 118515272, "ccac91fbf0d0cd8b"),
    "efficientnet_v2_m": (1120, 54139356, "963ef5354a31dc77"),
    "efficientnet_v2_s": (782, 21458488, "127391ea25225fff"),
    "fcn_resnet101": (632, 51949141, "d0fdb3d9a74a838d"),
    "fcn_resnet50": (326, 32957013, "dd1f3c2b36c546e5"),
    "googlenet": (364, 13004888, "de3745733576b3b1"),
    "inception_v3": (580, 27161264, "4c9e13f64584de74"),
    "lraspp_mobilenet_v3_large": (319, 3221538, "325c993b14d0b6e4"),
    "mc3_18": (122, 11695440, "482dade6b1a6d9fd"),
    "mnasnet0_5": (314, 2218512, "72cf09c9982e190a"),
    "mnasnet0_75": (314, 3170208, "1f2d2d3d193e1dca"),
    "mnasnet1_0": (314, 4383312, "f0fbbc4775bb6490"),
    "mnasnet1_3": (314, 6282256, "b98f2e1684d8e3ee"),
    "mobilenet_v2": (314, 3504872, "e3eb10f890f74c6e"),
    "mobilenet_v3_large": (312, 5483032, "555a3f5e3bcc126e"),
    "mobilenet_v3_small": (244, 2542856, "8fee267f118ca2d7"),
    "r2plus1d_18": (224, 31505325, "4be63f9053df0eaa"),
    "r3d_18": (122, 33371472, "bc240e49eebcd325"),
    "regnet_x_16gf": (428, 54278536, "2cfec638c103ca09"),
    "regnet_x_1_6gf": (356, 9190136, "ca36bf1cd20cfcfc"),
    "regnet_x_32gf": (446, 107811560, "829cc7ad6ccd151b"),
    "regnet_x_3_2gf": (482, 15296552, "fdbb0814dab9ac2f"),
    "regnet_x_400mf": (428, 5495976, "a0716cff8eed709d"),
    "regnet_x_800mf": (320, 7259656, "2f9c207dbdac036d"),
    "regnet_x_8gf": (446, 39572648, "1235bfd632d3e36e"),
    "regnet_y_128gf": (626, 644812894, "2e7b09b32e54e3f9"),
    "regnet_y_16gf": (428, 83590140, "70b0d5f51d476f40"),
    "regnet_y_1_6gf": (626, 11202430, "4ebd5a58f3184107"),
    "regnet_y_32gf": (472, 145046770, "c86c184c47a5b97e"),
    "regnet_y_3_2gf": (494, 19436338, "f4c351a453f91297"),
    "regnet_y_400mf": (384, 4344144, "690df430b14ffc1a"),
    "regnet_y_800mf": (340, 6432512, "5433e8a323d79f2a"),
    "regnet_y_8gf": (406, 39381472, "8ea36d6e812e5afc"),
    "resnet101": (626, 44549160, "dbc3ca74fffafc72"),
    "resnet152": (932, 60192808, "7d486dbdc941506e"),
    "resnet18": (122, 11689512, "5191d63ec3989592"),
    "resnet34": (218, 21797672, "f8de2a1812ef85e4"),
    "resnet50": (320, 25557032, "a87e91cd6bd1f939"),
    "resnext101_32x8d": (626, 88791336, "5068f88fa77e6142"),
    "resnext101_64x4d": (626, 83455272, "81b2497c5bec9c31"),
    "resnext50_32x4d": (320, 25028904, "20929ac81dfcc94f"),
    "shufflenet_v2_x0_5": (338, 1366792, "83434269737afc7f"),
    "shufflenet_v2_x1_0": (338, 2278604, "c54ed350c00fa178"),
    "shufflenet_v2_x1_5": (338, 3503624, "c70a4c3a755fe3db"),
    "shufflenet_v2_x2_0": (338, 7393996, "20a856e8ae47211d"),
    "squeezenet1_0": (52, 1248424, "142983e4c19c76ad"),
    "squeezenet1_1": (52, 1235496, "3fbd2a746421cada"),
    "swin_b": (353, 87768224, "ad6975b13eefb065"), "swin_s": (353, 49606258, "eaf43af4e705f113"),
    "swin_t": (185, 28288354, "22f48105728f6dc4"),
    "swin_v2_b": (449, 87930848, "ecf51f99fe9e2103"),
    "swin_v2_s": (449, 49737442, "2f3c41b53d71911d"),
    "swin_v2_t": (233, 28351570, "4a22129a536a9501"), "vgg11": (22, 132863336, "b11acd4f90d9643f"),
    "vgg11_bn": (62, 132868840, "56ed5816909a8132"), "vgg13": (26, 133047848, "79ca8fd7a1480aa7"),
    "vgg13_bn": (76, 133053736, "e4f52ce016e5e82f"), "vgg16": (32, 138357544, "ba63c2556d912509"),
    "vgg16_bn": (97, 138365992, "86bad13b66635552"), "vgg19": (38, 143667240, "393fac8b08b63fbe"),
    "vgg19_bn": (118, 143678248, "faf0fdbb92f698c6"),
    "vit_b_16": (152, 86567656, "2c2360f6707280a8"),
    "vit_b_32": (152, 88224232, "5d993f6a7cca84cf"),
    "vit_h_14": (392, 632045800, "9307ffd5b5d2c1a3"),
    "vit_l_16": (296, 304326632, "bf0dacece57186c9"),
    "vit_l_32": (296, 306535400, "d47ce21ffb6fb2b3"),
    "wide_resnet101_2": (626, 126886696, "5004ebcdd27edca6"),
    "wide_resnet50_2": (320, 68883240, "03413d59409d9728"),
}  # fmt: skip


def build(name: str) -> Any:
    bare = {"weights_backbone": None} if name.startswith(("fcn_", "deeplab", "lraspp")) else {}
    with compat.device("meta"), warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        return models.get_model(name, **bare)


def test_states() -> None:
    assert models.list_models() == sorted(STATES)
    wrong = []
    for name, (entries, parameters, digest) in STATES.items():
        model = build(name)
        state = model.state_dict()
        lines = "\n".join(sorted(f"{key} {tuple(value.shape)}" for key, value in state.items()))
        found = (
            len(state), sum(one.numel() for one in model.parameters()),
            hashlib.sha256(lines.encode()).hexdigest()[:16],
        )  # fmt: skip
        wrong += [] if found == (entries, parameters, digest) else [name]
    assert not wrong


def _mobile(m: Any) -> Any:
    first = m.InvertedResidualConfig(8, 3, 16, 8, True, "RE", 1, 1, 1.0)
    second = m.InvertedResidualConfig(8, 5, 24, 16, True, "HS", 2, 1, 1.0)
    return m.MobileNetV3([first, second], 32, num_classes=5)


def _efficient(m: Any) -> Any:
    fused = [m.FusedMBConvConfig(1, 3, 1, 8, 8, 1), m.FusedMBConvConfig(4, 3, 2, 8, 16, 1)]
    return m.EfficientNet([*fused, m.MBConvConfig(4, 3, 2, 16, 24, 2)], 0.2, num_classes=5)


def _swin(m: Any, **options: Any) -> Any:
    return m.SwinTransformer([4, 4], 8, [2, 2], [2, 4], [4, 4], num_classes=5, **options)


SMALL: dict[str, Callable[[Any], Any]] = {
    "mobilenetv2": lambda m: m.MobileNetV2(5, 0.25, [[1, 16, 1, 1], [6, 24, 2, 2]]),
    "mobilenetv3": _mobile,
    "shufflenetv2": lambda m: m.ShuffleNetV2([1, 2, 1], [8, 16, 32, 64, 32], 5),
    "efficientnet": _efficient,
    "regnet": lambda m: m.RegNet(
        m.BlockParams.from_init_params(4, 16, 8.0, 2.0, 8, se_ratio=0.25), 5
    ),
    "convnext": lambda m: m.ConvNeXt(
        [m.CNBlockConfig(8, 16, 1), m.CNBlockConfig(16, None, 2)], 0.1, num_classes=5
    ),
    "vision_transformer": lambda m: m.VisionTransformer(
        32, 8, 2, 2, 16, 32, num_classes=5, representation_size=8
    ),
    "swin_transformer": _swin,
    "swin_transformer v2": lambda m: _swin(
        m, block=m.SwinTransformerBlockV2, downsample_layer=m.PatchMergingV2
    ),
}
PASSES = {
    "mobilenetv2": (2.87481577, 110388.851), "mobilenetv3": (0.0164159123, 477.765922),
    "shufflenetv2": (-19.5577495, 181299.52), "efficientnet": (-6.85011454, 37495.6036),
    "regnet": (1.74583221, 9860.93425), "convnext": (-1.91659333, 9112.45437),
    "vision_transformer": (-145.524986, 91029.6427),
    "swin_transformer": (6.83313688, 10459.5316),
    "swin_transformer v2": (-2.1437137, 45656.5649),
}  # fmt: skip


@pytest.mark.parametrize("name", SMALL)
def test_passes(name: str) -> None:
    module = importlib.import_module(f"compat.vision.models.{name.split()[0]}")
    compat.manual_seed(0)
    model = SMALL[name](module)
    if name == "vision_transformer":  # whose last layer starts as zeros
        compat.nn.init.normal_(model.heads.head.weight)
    for one in model.modules():
        if isinstance(one, compat.nn.Dropout | compat.vision.ops.StochasticDepth):
            one.p = 0.0
    made = model(compat.rand(4, 3, 32, 32))
    loss = (made.double() * compat.arange(1, made.numel() + 1).reshape(made.shape)).sum()
    loss.backward()
    grads = sum(
        one.grad.double().abs().sum() for one in model.parameters() if one.grad is not None
    )
    expected = PASSES[name]
    assert float(loss) == pytest.approx(expected[0], rel=1e-4)
    assert float(grads) == pytest.approx(expected[1], rel=1e-4)


def test_names_of_checkpoints() -> None:
    weights = models.ResNet18_Weights.DEFAULT
    assert weights is models.ResNet18_Weights.IMAGENET1K_V1
    assert weights.url.endswith("/resnet18-f37072fd.pth")
    assert models.ResNet18_Weights.verify("IMAGENET1K_V1") is weights
    assert models.get_weight("ResNet18_Weights.IMAGENET1K_V1") is weights
    assert pickle.loads(pickle.dumps(weights)) is weights
    assert models.get_model_weights("resnet18") is models.ResNet18_Weights
    assert models.ViT_H_14_Weights.DEFAULT.transforms().crop_size == [518]
    with pytest.raises(ValueError, match="Unknown model"):
        models.get_model("no_such_model")


def test_a_checkpoint_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    compat.manual_seed(1)
    state = models.mobilenet_v3_small().state_dict()
    weights = models.MobileNet_V3_Small_Weights
    monkeypatch.setattr(weights, "get_state_dict", lambda self, **_: state)
    model = models.mobilenet_v3_small(weights="DEFAULT")
    assert all(compat.equal(value, state[key]) for key, value in model.state_dict().items())
    with pytest.warns(UserWarning, match="pretrained"):
        models.mobilenet_v3_small(pretrained=True)


def test_families_are_modules_and_lists_take_patterns() -> None:
    from compat.vision.models.alexnet import AlexNet
    from compat.vision.models.squeezenet import Fire
    from compat.vision.models.vgg import VGG

    assert isinstance(models.alexnet(num_classes=2), AlexNet) and issubclass(Fire, compat.nn.Module)
    plain = models.list_models(include="vgg*", exclude="*_bn")
    assert plain == ["vgg11", "vgg13", "vgg16", "vgg19"]
    assert models.list_models(module=models.vgg) == models.list_models(include=["vgg*"])
    assert VGG.__module__ == models.vgg.__name__


def test_aux_branches() -> None:
    with compat.device("meta"):
        inception = models.inception_v3(init_weights=False)
        made = inception(compat.empty(2, 3, 299, 299))
        plain = models.inception_v3(init_weights=False, aux_logits=False)
    assert made.logits.shape == made.aux_logits.shape == (2, 1000)
    assert plain.AuxLogits is None


def test_features_on_the_way() -> None:
    compat.manual_seed(0)
    model = models.resnet18(num_classes=3).eval()
    x = compat.rand(1, 3, 32, 32)
    nodes = {"layer1.0.relu": "first", "layer1.0.relu_1": "second", "layer2": "third"}
    found = create_feature_extractor(model, nodes)(x)
    start = model.maxpool(model.relu(model.bn1(model.conv1(x))))
    block = model.layer1[0]
    first = block.relu(block.bn1(block.conv1(start)))
    assert list(found) == ["first", "second", "third"]
    assert compat.allclose(found["first"], first, atol=1e-5)
    assert compat.allclose(found["second"], block(start), atol=1e-5)
    assert found["third"].shape == (1, 128, 4, 4)
    with pytest.raises(NotImplementedError, match="add"):
        create_feature_extractor(model, ["layer1.0.add"])
    with pytest.raises(ValueError, match="is not present"):
        create_feature_extractor(model, ["nowhere"])
