"""The layers, under PyTorch's file names."""

from .activation import (
    Sigmoid as Sigmoid,
    Tanh as Tanh,
    LogSigmoid as LogSigmoid,
    Softsign as Softsign,
    Tanhshrink as Tanhshrink,
    ReLU as ReLU,
    SELU as SELU,
    SiLU as SiLU,
    Mish as Mish,
    Hardswish as Hardswish,
    Hardsigmoid as Hardsigmoid,
    Threshold as Threshold,
    RReLU as RReLU,
    Hardtanh as Hardtanh,
    ReLU6 as ReLU6,
    ELU as ELU,
    CELU as CELU,
    GLU as GLU,
    GELU as GELU,
    Hardshrink as Hardshrink,
    Softshrink as Softshrink,
    LeakyReLU as LeakyReLU,
    Softplus as Softplus,
    PReLU as PReLU,
    Softmin as Softmin,
    Softmax as Softmax,
    LogSoftmax as LogSoftmax,
    Softmax2d as Softmax2d,
)
from .attention import MultiheadAttention as MultiheadAttention
from .batchnorm import (
    BatchNorm1d as BatchNorm1d,
    BatchNorm2d as BatchNorm2d,
    BatchNorm3d as BatchNorm3d,
)
from .channelshuffle import ChannelShuffle as ChannelShuffle
from .container import (
    Container as Container,
    Sequential as Sequential,
    ModuleList as ModuleList,
    ModuleDict as ModuleDict,
    ParameterList as ParameterList,
    ParameterDict as ParameterDict,
)
from .conv import (
    Conv1d as Conv1d,
    Conv2d as Conv2d,
    Conv3d as Conv3d,
    ConvTranspose1d as ConvTranspose1d,
    ConvTranspose2d as ConvTranspose2d,
    ConvTranspose3d as ConvTranspose3d,
)
from .distance import (
    PairwiseDistance as PairwiseDistance,
    CosineSimilarity as CosineSimilarity,
)
from .dropout import (
    Dropout as Dropout,
    Dropout1d as Dropout1d,
    Dropout2d as Dropout2d,
    Dropout3d as Dropout3d,
    AlphaDropout as AlphaDropout,
    FeatureAlphaDropout as FeatureAlphaDropout,
)
from .flatten import (
    Flatten as Flatten,
    Unflatten as Unflatten,
)
from .fold import (
    Fold as Fold,
    Unfold as Unfold,
)
from .instancenorm import (
    InstanceNorm1d as InstanceNorm1d,
    InstanceNorm2d as InstanceNorm2d,
    InstanceNorm3d as InstanceNorm3d,
)
from .linear import (
    Identity as Identity,
    Linear as Linear,
    Bilinear as Bilinear,
)
from .loss import (
    L1Loss as L1Loss,
    MSELoss as MSELoss,
    SmoothL1Loss as SmoothL1Loss,
    HuberLoss as HuberLoss,
    NLLLoss as NLLLoss,
    NLLLoss2d as NLLLoss2d,
    CrossEntropyLoss as CrossEntropyLoss,
    BCELoss as BCELoss,
    BCEWithLogitsLoss as BCEWithLogitsLoss,
    MultiLabelMarginLoss as MultiLabelMarginLoss,
    MultiLabelSoftMarginLoss as MultiLabelSoftMarginLoss,
    MultiMarginLoss as MultiMarginLoss,
    SoftMarginLoss as SoftMarginLoss,
    HingeEmbeddingLoss as HingeEmbeddingLoss,
    PoissonNLLLoss as PoissonNLLLoss,
    GaussianNLLLoss as GaussianNLLLoss,
    KLDivLoss as KLDivLoss,
    CTCLoss as CTCLoss,
    CosineEmbeddingLoss as CosineEmbeddingLoss,
    MarginRankingLoss as MarginRankingLoss,
    TripletMarginLoss as TripletMarginLoss,
    TripletMarginWithDistanceLoss as TripletMarginWithDistanceLoss,
)
from .module import Module as Module
from .normalization import (
    LocalResponseNorm as LocalResponseNorm,
    CrossMapLRN2d as CrossMapLRN2d,
    LayerNorm as LayerNorm,
    GroupNorm as GroupNorm,
    RMSNorm as RMSNorm,
)
from .padding import (
    ConstantPad1d as ConstantPad1d,
    ConstantPad2d as ConstantPad2d,
    ConstantPad3d as ConstantPad3d,
    ZeroPad1d as ZeroPad1d,
    ZeroPad2d as ZeroPad2d,
    ZeroPad3d as ZeroPad3d,
    ReflectionPad1d as ReflectionPad1d,
    ReflectionPad2d as ReflectionPad2d,
    ReflectionPad3d as ReflectionPad3d,
    ReplicationPad1d as ReplicationPad1d,
    ReplicationPad2d as ReplicationPad2d,
    ReplicationPad3d as ReplicationPad3d,
    CircularPad1d as CircularPad1d,
    CircularPad2d as CircularPad2d,
    CircularPad3d as CircularPad3d,
)
from .pixelshuffle import (
    PixelShuffle as PixelShuffle,
    PixelUnshuffle as PixelUnshuffle,
)
from .pooling import (
    MaxPool1d as MaxPool1d,
    MaxPool2d as MaxPool2d,
    MaxPool3d as MaxPool3d,
    MaxUnpool1d as MaxUnpool1d,
    MaxUnpool2d as MaxUnpool2d,
    MaxUnpool3d as MaxUnpool3d,
    AvgPool1d as AvgPool1d,
    AvgPool2d as AvgPool2d,
    AvgPool3d as AvgPool3d,
    FractionalMaxPool2d as FractionalMaxPool2d,
    FractionalMaxPool3d as FractionalMaxPool3d,
    LPPool1d as LPPool1d,
    LPPool2d as LPPool2d,
    LPPool3d as LPPool3d,
    AdaptiveMaxPool1d as AdaptiveMaxPool1d,
    AdaptiveMaxPool2d as AdaptiveMaxPool2d,
    AdaptiveMaxPool3d as AdaptiveMaxPool3d,
    AdaptiveAvgPool1d as AdaptiveAvgPool1d,
    AdaptiveAvgPool2d as AdaptiveAvgPool2d,
    AdaptiveAvgPool3d as AdaptiveAvgPool3d,
)
from .rnn import (
    RNNBase as RNNBase,
    RNN as RNN,
    GRU as GRU,
    LSTM as LSTM,
    RNNCellBase as RNNCellBase,
    RNNCell as RNNCell,
    GRUCell as GRUCell,
    LSTMCell as LSTMCell,
)
from .sparse import (
    Embedding as Embedding,
    EmbeddingBag as EmbeddingBag,
)
from .transformer import (
    TransformerEncoderLayer as TransformerEncoderLayer,
    TransformerDecoderLayer as TransformerDecoderLayer,
    TransformerEncoder as TransformerEncoder,
    TransformerDecoder as TransformerDecoder,
    Transformer as Transformer,
)
from .upsampling import (
    Upsample as Upsample,
    UpsamplingNearest2d as UpsamplingNearest2d,
    UpsamplingBilinear2d as UpsamplingBilinear2d,
)
